SELECT job_id, sum(rows) AS row_count
FROM {{ source("warehouse", "ledger") }}
WHERE period_key = '{{ var("day") }}'
GROUP BY job_id
