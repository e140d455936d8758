-- Double entry, from the table in docs/architecture.md ("Money and double entry") and nothing else:
-- none of the code that folds the live views is used. A rule is one leg of an event's postings:
-- debits +1, credits -1, of the amount named, where its condition holds.

CREATE TABLE posting_rules AS
SELECT * FROM (VALUES
    ('FundsAppropriated',    '',         'Assets:Cash',           1, 'amount'),
    ('FundsAppropriated',    '',         'Income:Appropriation', -1, 'amount'),
    ('DonationReceived',     'cash',     'Assets:Cash',           1, 'amount'),
    ('DonationReceived',     'goods',    'Assets:Goods',          1, 'amount'),
    ('DonationReceived',     '',         'Income:Donation',      -1, 'amount'),
    ('FundsCommitted',       '',         'Budget:Committed',      1, 'amount'),
    ('FundsCommitted',       '',         'Budget:Reserve',       -1, 'amount'),
    ('CommitmentReleased',   'unused',   'Budget:Reserve',        1, 'amount'),
    ('CommitmentReleased',   'unused',   'Budget:Committed',     -1, 'amount'),
    ('SubsidyGranted',       '',         'Expenses:Benefits',     1, 'amount'),
    ('SubsidyGranted',       '',         'Liabilities:Payable',  -1, 'amount'),
    ('ArrearsGranted',       '',         'Expenses:Benefits',     1, 'amount'),
    ('ArrearsGranted',       '',         'Liabilities:Payable',  -1, 'amount'),
    ('ArrearsGranted',       '',         'Budget:Reserve',        1, 'amount'),
    ('ArrearsGranted',       '',         'Budget:Committed',     -1, 'amount'),
    ('PayRunIssued',         '',         'Budget:Reserve',        1, 'total'),
    ('PayRunIssued',         '',         'Budget:Committed',     -1, 'total'),
    ('PaymentInstructed',    '',         'Liabilities:Payable',   1, 'amount'),
    ('PaymentInstructed',    '',         'Liabilities:InTransit', -1, 'amount'),
    ('PaymentSettled',       '',         'Liabilities:InTransit', 1, 'amount'),
    ('PaymentSettled',       '',         'Assets:Cash',          -1, 'amount'),
    ('ContributionPaid',     '',         'Liabilities:InTransit', 1, 'amount'),
    ('ContributionPaid',     '',         'Assets:Cash',          -1, 'amount'),
    ('PaymentReturned',      'bounced',  'Liabilities:InTransit', 1, 'amount'),
    ('PaymentReturned',      'late',     'Assets:Cash',           1, 'amount'),
    ('PaymentReturned',      '',         'Liabilities:Payable',  -1, 'amount'),
    ('GrantReversed',        '',         'Liabilities:Payable',   1, 'amount'),
    ('GrantReversed',        '',         'Expenses:Benefits',    -1, 'amount'),
    ('OverpaymentFound',     '',         'Assets:Receivable',     1, 'not-offset'),
    ('OverpaymentFound',     '',         'Liabilities:Payable',   1, 'offset'),
    ('OverpaymentFound',     '',         'Expenses:Benefits',    -1, 'amount'),
    ('OverpaymentCancelled', '',         'Expenses:Benefits',     1, 'amount'),
    ('OverpaymentCancelled', '',         'Assets:Receivable',    -1, 'owed'),
    ('OverpaymentCancelled', '',         'Liabilities:Payable',  -1, 'refund'),
    ('OverpaymentCancelled', '',         'Expenses:Waived',      -1, 'waived'),
    ('RecoveryCollected',    '',         'Assets:Cash',           1, 'amount'),
    ('RecoveryCollected',    '',         'Assets:Receivable',    -1, 'amount'),
    ('RecoveryWaived',       '',         'Expenses:Waived',       1, 'amount'),
    ('RecoveryWaived',       '',         'Assets:Receivable',    -1, 'amount'),
    ('GoodsDistributed',     'of-fund',  'Expenses:Benefits',     1, 'value'),
    ('GoodsDistributed',     'of-fund',  'Assets:Goods',         -1, 'value'),
    ('GoodsDistributed',     'of-fund',  'Budget:Reserve',        1, 'value'),
    ('GoodsDistributed',     'of-fund',  'Budget:Committed',     -1, 'value'),
    ('DeviceFitted',         'of-fund',  'Expenses:Benefits',     1, 'value'),
    ('DeviceFitted',         'of-fund',  'Assets:Goods',         -1, 'value'),
    ('DeviceFitted',         'of-fund',  'Budget:Reserve',        1, 'value'),
    ('DeviceFitted',         'of-fund',  'Budget:Committed',     -1, 'value'),
    ('PassIssued',           '',         'Expenses:Benefits',     1, 'value'),
    ('PassIssued',           '',         'Income:InKind',        -1, 'value'),
    ('PassRecharged',        '',         'Expenses:Benefits',     1, 'value'),
    ('PassRecharged',        '',         'Income:InKind',        -1, 'value')
) AS rules (type, condition, account, sign, amount);
COMMENT ON TABLE posting_rules IS
    '记账规则:事件类型、条件、科目、方向、金额 | The legs of each event''s postings';

CREATE MACRO postings_as_of(until := NULL, known := NULL, effective_by := NULL,
                            of_view := 'funds') AS TABLE
    WITH money AS (
        SELECT * EXCLUDE (bytes, leaf_hash),
               type = 'CommitmentReleased'
                   AND (decode(bytes)::JSON->>'$.data.reason') = 'grant-reversed' AS of_reversal
        FROM events_of_view(of_view, until := until, known := known, effective_by := effective_by)
        WHERE type IN (SELECT r.type FROM posting_rules r)
    ),
    legs AS (
        SELECT e.*, r.account,
               r.sign * CASE r.amount
                   WHEN 'amount'     THEN e.amount_fen
                   WHEN 'total'      THEN e.total_fen
                   WHEN 'value'      THEN coalesce(e.value_fen, 0)
                   WHEN 'offset'     THEN coalesce(e.offset_fen, 0)
                   WHEN 'not-offset' THEN e.amount_fen - coalesce(e.offset_fen, 0)
                   WHEN 'owed'       THEN e.owed_fen
                   WHEN 'refund'     THEN e.refund_fen
                   WHEN 'waived'     THEN e.amount_fen - e.owed_fen - e.refund_fen
               END AS fen
        FROM money e JOIN posting_rules r USING (type)
        WHERE CASE r.condition
                  WHEN ''        THEN true
                  WHEN 'cash'    THEN e.form = 'cash'
                  WHEN 'goods'   THEN e.form = 'goods'
                  WHEN 'late'    THEN coalesce(e.after_settlement, false)
                  WHEN 'bounced' THEN NOT coalesce(e.after_settlement, false)
                  WHEN 'of-fund' THEN e.fund IS NOT NULL
                  WHEN 'unused'  THEN NOT e.of_reversal
              END
    ),
    -- A pay run goes to the bank division by division.
    runs AS (
        SELECT e.position, e.time, e.effective, e.type, e.subject, e.stream, e.fund, e.program,
               share.key AS division, (share.value->>'$')::BIGINT AS fen
        FROM money e, json_each(e.by_division::JSON) AS share
        WHERE e.type = 'PayRunIssued'
    )
    SELECT position, time, effective, type, subject, stream, account, fund, program, division,
           fen AS amount_fen
    FROM legs WHERE fen <> 0
    UNION ALL
    SELECT position, time, effective, type, subject, stream, 'Liabilities:Payable', fund, program,
           division, fen
    FROM runs WHERE fen <> 0
    UNION ALL
    SELECT position, time, effective, type, subject, stream, 'Liabilities:InTransit', fund, program,
           division, -fen
    FROM runs WHERE fen <> 0;

CREATE VIEW postings AS FROM postings_as_of();
COMMENT ON VIEW postings IS
    '分录:借方为正、贷方为负,每个事件合计为零 | Postings: debits positive, each event sums to zero';
