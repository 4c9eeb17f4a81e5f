"""Who is on call in 1,000 rotas at one moment, against counting every hand-over since each rota began."""
