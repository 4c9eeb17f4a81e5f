-- Incidents that are one are merged, an incident that is two is split.

-- merged_into: the incident this one goes on as; it is closed then, and its things have moved. split_from: the one it was
-- a part of. joined_zones: where the incidents were that were merged into this one, for correlation.
ALTER TABLE incidents ADD COLUMN merged_into uuid;
ALTER TABLE incidents ADD COLUMN split_from uuid;
ALTER TABLE incidents ADD COLUMN joined_zones uuid[] NOT NULL DEFAULT '{}';
ALTER TABLE incidents ADD FOREIGN KEY (tenant_id, merged_into) REFERENCES incidents (tenant_id, id);
ALTER TABLE incidents ADD FOREIGN KEY (tenant_id, split_from) REFERENCES incidents (tenant_id, id);
ALTER TABLE incidents ADD CHECK (merged_into IS NULL OR state = 'closed');
CREATE INDEX incidents_merged ON incidents (tenant_id, merged_into) WHERE merged_into IS NOT NULL;
