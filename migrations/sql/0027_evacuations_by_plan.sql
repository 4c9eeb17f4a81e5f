-- An evacuation by a plan begins in the transaction of its alarm, which is in a hurry: who is expected is listed by the
-- courier's next look.

ALTER TABLE roll_calls ADD COLUMN listing boolean NOT NULL DEFAULT false;
