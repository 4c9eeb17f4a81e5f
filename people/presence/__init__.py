"""Where people are: badges, phones, visitors; with a confidence that decays."""
