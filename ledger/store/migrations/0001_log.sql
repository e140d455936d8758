-- The log: events, commands, the order. Nothing in it is ever changed or removed.

CREATE TABLE stored_events (
    originator_id text NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (originator_id, originator_version)
);
-- Canonical bytes do not compress to less than a page row by row: don't try on every insert.
ALTER TABLE stored_events ALTER COLUMN state SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX stored_events_notification_id_idx ON stored_events (notification_id);

CREATE TABLE commands (
    key text PRIMARY KEY,
    digest text NOT NULL,
    result bytea NOT NULL
);

CREATE TABLE sequence (
    first_position bigint PRIMARY KEY,
    first_notification bigint NOT NULL,
    length bigint NOT NULL CHECK (length > 0)
);

-- The home whose log this is, so that no other home's keys and documents are put beside it.
CREATE TABLE home (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    id text NOT NULL
);

-- Whoever inserts events takes this lock first, and so does whoever gives them positions: numbers
-- are then drawn and committed by one transaction after the other. Locking a table in this mode
-- needs more rights than a writer may have, so the owner lends them for this one purpose.
CREATE FUNCTION lock_events() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
AS $$
BEGIN
    LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE;
END
$$;

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION '% of ledger.% is refused: the log only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE FUNCTION only_lengthen() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog
AS $$
BEGIN
    IF NEW.first_position <> OLD.first_position
        OR NEW.first_notification <> OLD.first_notification
        OR NEW.length < OLD.length
    THEN
        RAISE EXCEPTION 'positions that were given stay given'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON stored_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON commands
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_change BEFORE DELETE OR TRUNCATE ON sequence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER only_lengthen BEFORE UPDATE ON sequence
    FOR EACH ROW EXECUTE FUNCTION only_lengthen();
-- Also where a session asks for triggers to be left out, as replication does.
ALTER TABLE stored_events ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE commands ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE sequence ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE sequence ENABLE ALWAYS TRIGGER only_lengthen;

REVOKE ALL ON FUNCTION lock_events(), refuse_change(), only_lengthen() FROM PUBLIC;
GRANT USAGE ON SCHEMA ledger TO benefits_app, benefits_projector, benefits_auditor;
GRANT SELECT ON stored_events, sequence, migrations, home
    TO benefits_app, benefits_projector, benefits_auditor;
GRANT SELECT ON commands TO benefits_app, benefits_auditor;
-- A writer cannot choose an event's number: the column is not among those it may fill.
GRANT INSERT (originator_id, originator_version, topic, state) ON stored_events TO benefits_app;
GRANT INSERT ON commands TO benefits_app;
GRANT INSERT, UPDATE (length) ON sequence TO benefits_app;
GRANT EXECUTE ON FUNCTION lock_events() TO benefits_app;
