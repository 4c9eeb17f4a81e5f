-- A member's name as it was when they joined: a room can be read without the right to read accounts, and its events and
-- its snapshot say the same although people are renamed.

ALTER TABLE room_members ADD COLUMN name text;
UPDATE room_members m SET name = a.display_name
FROM accounts a WHERE a.tenant_id = m.tenant_id AND a.id = m.account_id;
ALTER TABLE room_members ALTER COLUMN name SET NOT NULL;
