"""Teams and rotas: who works when, who is on call and why."""
