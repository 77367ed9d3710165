-- Every record as it was read.
SELECT topic, partition, offset, timestamp, key, value, CAST(timestamp AS DATE) AS date FROM records
