-- The events of the archive, whole or as of a moment. The engine makes `archived` first: the rows
-- of all segments (see projections/archive/columns.py). Every macro ending in `_as_of` takes the
-- same three bounds, each optional and in any combination:
--   until        the first so many events (position < until)
--   known        what was recorded by the end of that day of the city ('2017-04-13', UTC+8), or by
--                that moment in UTC ('2017-04-13T08:00:00')
--   effective_by what held by that day
-- and a view without arguments answers by all that is known.

CREATE MACRO recorded_before(known) AS
    CASE WHEN length(known) = 10
         THEN known::DATE::TIMESTAMP + INTERVAL 16 HOUR
         ELSE rtrim(known, 'Z')::TIMESTAMP + INTERVAL 1 MICROSECOND END;

CREATE MACRO events_as_of(until := NULL, known := NULL, effective_by := NULL) AS TABLE
    SELECT * FROM archived
    WHERE (until IS NULL OR position < until::BIGINT)
      AND (known IS NULL OR time < recorded_before(known::VARCHAR))
      AND (effective_by IS NULL OR effective <= effective_by::DATE);

CREATE VIEW events AS SELECT * EXCLUDE (bytes, leaf_hash) FROM archived;
COMMENT ON VIEW events IS '事件,每行一个;amount_fen等为分 | Events, one a row; amounts in fen';

CREATE VIEW event_data AS
    SELECT position, type, stream, subject, effective, time,
           decode(bytes)::JSON AS event, (decode(bytes)::JSON)->'data' AS data
    FROM archived;
COMMENT ON VIEW event_data IS
    '事件的原始JSON(data->>''$.reason'')| The exact bytes as JSON, for fields that have no column';

-- What views pass over by an officer's decision (ParkedEventDiscarded), whenever it was recorded.
CREATE VIEW passed_over AS
    SELECT data->>'$.view' AS view_name, (data->>'$.position')::BIGINT AS position
    FROM event_data WHERE type = 'ParkedEventDiscarded';
COMMENT ON VIEW passed_over IS
    '经决定略过的事件 | Events that a view passes over by a recorded decision';

CREATE MACRO events_of_view(of_view, until := NULL, known := NULL, effective_by := NULL) AS TABLE
    SELECT * FROM events_as_of(until := until, known := known, effective_by := effective_by)
    WHERE position NOT IN
        (SELECT p.position FROM passed_over p WHERE p.view_name = of_view);
