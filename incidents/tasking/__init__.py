"""Tasks: who is asked, what an answer means, who is asked next."""
