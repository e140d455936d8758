-- The money views once more: balances by person and program, funds, the trial balance, and what
-- programs disbursed by division and month. Columns are named as in the live views.

CREATE MACRO balances_as_of(until := NULL, known := NULL, effective_by := NULL) AS TABLE
    WITH moved AS (
        SELECT subject AS beneficiary, program, type, month, amount_fen AS fen,
               type IN ('SubsidyGranted', 'ArrearsGranted') AS granted,
               type IN ('PaymentSettled', 'ContributionPaid') AS paid,
               type = 'PaymentInstructed' OR (type = 'SubsidyGranted' AND coalesce(payrun, '') <> '')
                   AS instructed,
               type = 'PaymentReturned' AND coalesce(after_settlement, false) AS late,
               type = 'PaymentReturned' AND NOT coalesce(after_settlement, false) AS bounced,
               coalesce(offset_fen, 0) AS set_off_fen, owed_fen, refund_fen
        FROM events_of_view('balances', until := until, known := known, effective_by := effective_by)
        WHERE type IN ('SubsidyGranted', 'ArrearsGranted', 'PaymentInstructed', 'PaymentSettled',
                       'ContributionPaid', 'PaymentReturned', 'GrantReversed', 'OverpaymentFound',
                       'OverpaymentCancelled', 'RecoveryCollected', 'RecoveryWaived')
    ),
    sums AS (
        SELECT beneficiary, program,
               coalesce(sum(fen) FILTER (granted), 0)                        AS granted_fen,
               coalesce(sum(fen) FILTER (type = 'GrantReversed'), 0)         AS reversed_fen,
               coalesce(sum(fen) FILTER (instructed), 0)                     AS instructed_fen,
               coalesce(sum(fen) FILTER (paid), 0)                           AS settled_fen,
               coalesce(sum(fen) FILTER (bounced), 0)                        AS returned_fen,
               coalesce(sum(fen) FILTER (late), 0)                           AS returned_late_fen,
               coalesce(sum(fen) FILTER (type = 'OverpaymentFound'), 0)      AS overpaid_fen,
               coalesce(sum(fen) FILTER (type = 'RecoveryCollected'), 0)     AS recovered_fen,
               coalesce(sum(fen) FILTER (type = 'RecoveryWaived'), 0)        AS given_up_fen,
               coalesce(sum(fen) FILTER (type = 'OverpaymentCancelled'), 0)  AS cancelled_fen,
               coalesce(sum(set_off_fen) FILTER (type = 'OverpaymentFound'), 0)    AS set_off_fen,
               coalesce(sum(owed_fen) FILTER (type = 'OverpaymentCancelled'), 0)   AS no_longer_fen,
               coalesce(sum(refund_fen) FILTER (type = 'OverpaymentCancelled'), 0) AS back_fen,
               count(*) FILTER (granted)                                     AS grants,
               count(*) FILTER (paid)                                        AS settlements,
               count(*) FILTER (type = 'PaymentReturned')                    AS returns,
               max(month) FILTER (granted)                                   AS last_month,
               max(month) FILTER (paid)                                      AS last_settled_month
        FROM moved GROUP BY beneficiary, program
    )
    SELECT beneficiary, program,
           granted_fen::BIGINT AS granted_fen, reversed_fen::BIGINT AS reversed_fen,
           instructed_fen::BIGINT AS instructed_fen, settled_fen::BIGINT AS settled_fen,
           returned_fen::BIGINT AS returned_fen, returned_late_fen::BIGINT AS returned_late_fen,
           overpaid_fen::BIGINT AS overpaid_fen, recovered_fen::BIGINT AS recovered_fen,
           (given_up_fen - (cancelled_fen - no_longer_fen - back_fen))::BIGINT AS waived_fen,
           cancelled_fen::BIGINT AS cancelled_fen, (back_fen - set_off_fen)::BIGINT AS refunded_fen,
           (instructed_fen - settled_fen - returned_fen)::BIGINT AS in_transit_fen,
           (granted_fen - reversed_fen - settled_fen + returned_late_fen - set_off_fen
               + back_fen)::BIGINT AS payable_fen,
           (overpaid_fen - set_off_fen - no_longer_fen - recovered_fen
               - given_up_fen)::BIGINT AS owed_fen,
           grants, settlements, returns, last_month, last_settled_month
    FROM sums;

CREATE VIEW balances AS FROM balances_as_of();
COMMENT ON VIEW balances IS
    '每人每项目的收支余额(分)| What each person was granted, paid and owes, by program, in fen';

CREATE MACRO trial_balance_as_of(until := NULL, known := NULL, effective_by := NULL) AS TABLE
    SELECT account, coalesce(fund, '') AS fund, coalesce(program, '') AS program, division,
           coalesce(sum(amount_fen) FILTER (amount_fen > 0), 0)::BIGINT AS debit_fen,
           coalesce(-sum(amount_fen) FILTER (amount_fen < 0), 0)::BIGINT AS credit_fen,
           sum(amount_fen)::BIGINT AS balance_fen
    FROM postings_as_of(until := until, known := known, effective_by := effective_by)
    GROUP BY ALL;

CREATE VIEW trial_balance AS FROM trial_balance_as_of();
COMMENT ON VIEW trial_balance IS
    '试算平衡:科目、资金、项目、区划 | The trial balance by account, fund, program and division';

CREATE MACRO funds_as_of(until := NULL, known := NULL, effective_by := NULL) AS TABLE
    WITH moved AS (
        SELECT fund, type, form, amount_fen AS fen,
               CASE type WHEN 'FundsCommitted' THEN -amount_fen ELSE amount_fen END AS free_fen
        FROM events_of_view('funds', until := until, known := known, effective_by := effective_by)
        WHERE type IN ('FundsAppropriated', 'DonationReceived', 'FundsCommitted',
                       'CommitmentReleased', 'FundOpened')
    )
    SELECT fund,
           coalesce(sum(fen) FILTER (type = 'FundsAppropriated'), 0)::BIGINT AS appropriated_fen,
           coalesce(sum(fen) FILTER (type = 'DonationReceived' AND form = 'cash'), 0)::BIGINT
               AS donated_cash_fen,
           coalesce(sum(fen) FILTER (type = 'DonationReceived' AND form = 'goods'), 0)::BIGINT
               AS donated_goods_fen,
           coalesce(sum(fen) FILTER (type = 'FundsCommitted'), 0)::BIGINT AS commitments_fen,
           coalesce(sum(fen) FILTER (type = 'CommitmentReleased'), 0)::BIGINT AS released_fen,
           coalesce(sum(free_fen) FILTER (type = 'FundsAppropriated' OR form = 'cash'), 0)::BIGINT
               AS available_cash_fen,
           coalesce(sum(free_fen) FILTER (form = 'goods'), 0)::BIGINT AS available_goods_fen
    FROM moved GROUP BY fund;

CREATE VIEW funds AS FROM funds_as_of();
COMMENT ON VIEW funds IS '资金:拨入、捐赠、承诺与可用(分)| Funds: received, committed, available, in fen';

-- What a program disbursed is what its postings took out of cash and goods.
CREATE MACRO program_totals_as_of(until := NULL, known := NULL, effective_by := NULL) AS TABLE
    SELECT program, division, strftime(effective, '%Y-%m') AS month, 'amount' AS measure,
           count(*) AS count, count(*) AS quantity, (-sum(amount_fen))::BIGINT AS amount_fen
    FROM postings_as_of(until := until, known := known, effective_by := effective_by,
                        of_view := 'program_totals')
    WHERE account IN ('Assets:Cash', 'Assets:Goods') AND program IS NOT NULL
    GROUP BY ALL;

CREATE VIEW program_totals AS FROM program_totals_as_of();
COMMENT ON VIEW program_totals IS
    '各项目实际支出净额:区划、月份 | What programs disbursed, net, by division and month';
