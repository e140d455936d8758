-- The hash tiles of the Merkle tree over the log, written by whoever gives positions, in the same
-- transaction. A tile only grows.

CREATE TABLE tiles (
    level integer NOT NULL CHECK (level >= 0),
    number bigint NOT NULL CHECK (number >= 0),
    hashes bytea NOT NULL CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0),
    PRIMARY KEY (level, number)
);
-- Hashes do not compress.
ALTER TABLE tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;

CREATE FUNCTION only_grow() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    IF NEW.level <> OLD.level
        OR NEW.number <> OLD.number
        OR substr(NEW.hashes, 1, length(OLD.hashes)) <> OLD.hashes
    THEN
        RAISE EXCEPTION 'hashes that were written stay written'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON tiles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_grow BEFORE UPDATE ON tiles
    FOR EACH ROW EXECUTE FUNCTION only_grow();
ALTER TABLE tiles ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE tiles ENABLE ALWAYS TRIGGER only_grow;

REVOKE ALL ON FUNCTION only_grow() FROM PUBLIC;
GRANT SELECT ON tiles TO benefits_app, benefits_projector, benefits_auditor;
GRANT INSERT, UPDATE (hashes) ON tiles TO benefits_app;
