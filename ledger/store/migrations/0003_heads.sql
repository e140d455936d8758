-- The heads of the log as they were signed, with the cosignatures of witnesses and time stamps.
-- What was signed stays: there is one head of a size, and none is changed.

CREATE TABLE heads (
    size bigint PRIMARY KEY CHECK (size > 0),
    note bytea NOT NULL,
    signed text NOT NULL
);
CREATE TABLE cosignatures (
    size bigint NOT NULL REFERENCES heads (size),
    key text NOT NULL,
    line bytea NOT NULL,
    PRIMARY KEY (size, key)
);
CREATE TABLE timestamps (
    size bigint PRIMARY KEY REFERENCES heads (size),
    response bytea NOT NULL
);

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON heads
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON cosignatures
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON timestamps
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE heads ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE cosignatures ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE timestamps ENABLE ALWAYS TRIGGER refuse_change;

GRANT SELECT ON heads, cosignatures, timestamps
    TO benefits_app, benefits_projector, benefits_auditor;
GRANT INSERT ON heads, cosignatures, timestamps TO benefits_app;
