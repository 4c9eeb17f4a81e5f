"""What every layer stands on: settings, database, outbox, clock, ids, errors, logs, metrics."""
