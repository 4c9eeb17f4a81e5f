"""Everyone out: capacities of doors and stairs, everyone's own way and time, how near that is to the best possible."""
