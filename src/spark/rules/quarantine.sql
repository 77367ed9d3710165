-- Records that Silver refuses, as they were read, out of `judged`.
SELECT reason, detail, topic, partition, offset, timestamp, key, value, CAST(timestamp AS DATE) AS date
FROM judged WHERE reason IS NOT NULL
