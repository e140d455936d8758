-- Views for questions about single cases: grants, payments, debts, enrollments, facts of persons.

CREATE VIEW grants AS
    WITH reversed AS (
        SELECT grant_id, min(position) AS reversed_at FROM archived
        WHERE type = 'GrantReversed' GROUP BY grant_id
    )
    SELECT g.position, g.id AS grant_id, g.subject AS beneficiary, g.program, g.month, g.amount_fen,
           g.fund, g.division, g.payrun, g.type = 'ArrearsGranted' AS arrears, g.effective, g.time,
           g.actor, r.reversed_at
    FROM archived g LEFT JOIN reversed r ON r.grant_id = g.id
    WHERE g.type IN ('SubsidyGranted', 'ArrearsGranted');
COMMENT ON VIEW grants IS
    '核定,每人每月一行;reversed_at为撤销事件位置 | Grants, a month a row, and where it was reversed';

CREATE VIEW payments AS
    SELECT position, subject AS beneficiary, program, month,
           CASE type WHEN 'PaymentInstructed' THEN 'instructed' WHEN 'PaymentSettled' THEN 'settled'
                     WHEN 'ContributionPaid' THEN 'settled'
                     ELSE CASE WHEN coalesce(after_settlement, false) THEN 'returned-late'
                               ELSE 'returned' END END AS what,
           amount_fen, fund, division, payrun, effective, time, actor
    FROM archived
    WHERE type IN ('PaymentInstructed', 'PaymentSettled', 'ContributionPaid', 'PaymentReturned');
COMMENT ON VIEW payments IS
    '付款:指令、到账、退回 | Payments instructed, settled and returned, by event';

CREATE VIEW debts AS
    WITH moved AS (
        SELECT * FROM archived
        WHERE type IN ('OverpaymentFound', 'OverpaymentCancelled', 'RecoveryCollected',
                       'RecoveryWaived')
    ),
    sums AS (
        SELECT overpayment, any_value(subject) AS beneficiary, any_value(program) AS program,
               min(position) FILTER (type = 'OverpaymentFound') AS found_at,
               min(time) FILTER (type = 'OverpaymentFound') AS found_on,
               coalesce(sum(amount_fen) FILTER (type = 'OverpaymentFound'), 0) AS found_fen,
               coalesce(sum(offset_fen) FILTER (type = 'OverpaymentFound'), 0) AS set_off_fen,
               coalesce(sum(amount_fen) FILTER (type = 'RecoveryCollected'), 0) AS collected_fen,
               coalesce(sum(amount_fen) FILTER (type = 'RecoveryWaived'), 0) AS given_up_fen,
               coalesce(sum(amount_fen) FILTER (type = 'OverpaymentCancelled'), 0) AS undone_fen,
               coalesce(sum(owed_fen) FILTER (type = 'OverpaymentCancelled'), 0) AS no_longer_fen
        FROM moved GROUP BY overpayment
    )
    SELECT overpayment, beneficiary, program, found_at, found_on,
           found_fen::BIGINT AS overpaid_fen, set_off_fen::BIGINT AS offset_fen,
           collected_fen::BIGINT AS recovered_fen, given_up_fen::BIGINT AS waived_fen,
           undone_fen::BIGINT AS cancelled_fen,
           (found_fen - set_off_fen - collected_fen - given_up_fen - no_longer_fen)::BIGINT
               AS owed_fen
    FROM sums;
COMMENT ON VIEW debts IS '多发与追回,每笔一行(分)| Overpayments, one a row, and what is still owed';

CREATE VIEW enrollment_steps AS
    SELECT position, stream AS enrollment, version, subject AS beneficiary, program, type, effective,
           time, actor, role, division, data->>'$.reason' AS reason, data->>'$.start_month' AS start_month,
           coalesce(data->>'$.last_month', data->>'$.end_month') AS last_month
    FROM (SELECT *, (decode(bytes)::JSON)->'data' AS data FROM archived
          WHERE stream LIKE 'enrollment-%' AND type IN ('ApplicationSubmitted', 'EligibilityAssessed',
              'NoticePublished', 'NoticeClosed', 'ObjectionRaised', 'ObjectionResolved',
              'EnrollmentApproved', 'EnrollmentRejected', 'EnrollmentSuspended', 'EnrollmentResumed',
              'EnrollmentEnded', 'EligibilityReviewed'));
COMMENT ON VIEW enrollment_steps IS
    '申请、评估、公示、批准、停发等每一步 | Each step of an enrollment, with who decided';

CREATE VIEW person_facts AS
    WITH told AS (
        SELECT *, (decode(bytes)::JSON)->'data' AS data FROM archived
        WHERE type IN ('PersonRegistered', 'ResidenceChanged', 'CertificateIssued',
            'CertificateChanged', 'CertificateFrozen', 'CertificateExpired', 'CertificateCancelled',
            'LowIncomeRecognized', 'LowIncomeEnded', 'OtherAllowanceRecorded', 'OtherAllowanceEnded',
            'LifeFactRecorded', 'CustodyRecorded', 'CustodyEnded', 'DeathRecorded', 'DeathRevoked',
            'PersonsMerged', 'PersonErased')
    ),
    facts AS (
        SELECT *, CASE type
            WHEN 'PersonRegistered' THEN {'sex': data->>'$.sex', 'birth_year': data->>'$.birth_year',
                'urban': data->>'$.urban', 'division': division, 'household': data->>'$.household'}::JSON
            WHEN 'ResidenceChanged' THEN {'division': coalesce(data->>'$.to_division', ''),
                'urban': data->>'$.urban'}::JSON
            WHEN 'CertificateIssued' THEN {'certificate': 'valid', 'category': data->>'$.category',
                'grade': data->>'$.grade', 'expires_on': coalesce(data->>'$.expires_on', '')}::JSON
            WHEN 'CertificateChanged' THEN {'certificate': 'valid', 'category': data->>'$.category',
                'grade': data->>'$.grade', 'expires_on': coalesce(data->>'$.expires_on', '')}::JSON
            WHEN 'CertificateFrozen' THEN {'certificate': 'frozen'}::JSON
            WHEN 'CertificateExpired' THEN {'certificate': 'expired'}::JSON
            WHEN 'CertificateCancelled' THEN {'certificate': 'cancelled'}::JSON
            WHEN 'LowIncomeRecognized' THEN json_object(data->>'$.kind', 'true')
            WHEN 'LowIncomeEnded' THEN json_object(data->>'$.kind', 'false')
            WHEN 'OtherAllowanceRecorded' THEN json_object(data->>'$.kind', data->>'$.monthly_fen')
            WHEN 'OtherAllowanceEnded' THEN json_object(data->>'$.kind', '0')
            WHEN 'LifeFactRecorded' THEN json_object(data->>'$.fact', data->>'$.value')
            WHEN 'CustodyRecorded' THEN {'custody': 'true'}::JSON
            WHEN 'CustodyEnded' THEN {'custody': 'false'}::JSON
            WHEN 'DeathRecorded' THEN {'died_on': data->>'$.died_on'}::JSON
            WHEN 'DeathRevoked' THEN {'died_on': ''}::JSON
            WHEN 'PersonsMerged' THEN {'merged_into': data->>'$.into'}::JSON
            WHEN 'PersonErased' THEN {'erased': 'true'}::JSON END AS pairs
        FROM told
    )
    SELECT f.position, f.subject AS person, fact.key AS fact, fact.value->>'$' AS value, f.effective,
           f.time, f.type, f.actor
    FROM facts f, json_each(f.pairs) AS fact
    WHERE fact.value->>'$' IS NOT NULL;
COMMENT ON VIEW person_facts IS
    '人员事实,一行一项:自effective起为value,于time获知;空值为无 | Facts of persons: from when, known when';

CREATE VIEW programs AS
    SELECT data->>'$.program' AS program, data->>'$.zh' AS zh, data->>'$.en' AS en,
           data->>'$.kind' AS kind, data->>'$.fund' AS fund, effective, position
    FROM event_data WHERE type = 'ProgramAdopted';
COMMENT ON VIEW programs IS '项目 | Programs as adopted';

CREATE VIEW pay_runs AS
    SELECT position, stream AS payrun, program, month, type, total_fen, fund, effective, time, actor,
           role
    FROM archived WHERE stream LIKE 'payrun-%';
COMMENT ON VIEW pay_runs IS '发放批次的每一步 | Each step of every pay run';
