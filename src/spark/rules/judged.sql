-- Every record with its verdict: `reason` is null where a row of Silver follows, else the first rule that the record
-- breaks, in the order below; `message` is its JSON object, where there is one. The embedded engine's Judge is the
-- oracle (src/medallion/judge.cc): a change there is a change here.
--
-- In: the view `records` (topic, partition, offset, timestamp, key, value), as Spark's Kafka source or Bronze has them.
WITH texts AS (
  SELECT *, CASE WHEN length(value) <= 1048576 AND is_valid_utf8(CAST(value AS STRING)) THEN CAST(value AS STRING) END AS text
  FROM records),

-- parse_json stops at the end of the first value. Inside brackets and before a number that only this text has, nothing
-- may stand behind it.
documents AS (SELECT *, try_parse_json(concat('[', text, ',', xxhash64(text), ']')) AS document FROM texts),

messages AS (
  SELECT *, CASE WHEN try_variant_get(document, '$[1]', 'bigint') = xxhash64(text)
                  AND schema_of_variant(variant_get(document, '$[0]', 'variant')) LIKE 'OBJECT%'
                 THEN variant_get(document, '$[0]', 'variant') END AS message
  FROM documents),

fields AS (
  SELECT *,
    -- The first field of a wrong type. Null is no type: a field that is null is absent. Of numbers beyond a double's
    -- range (1e400) only a price has a rule of its own.
    get(filter(
      transform(array('price', 'change', 'change_percent', 'previous_close', 'day_high', 'day_low', 'open_price', 'strike_price',
                      'bid', 'ask', 'circulating_supply', 'market_cap'),
                name -> struct(name, 'BIGINT|DECIMAL.*|DOUBLE' AS types, 'a number' AS wanted))
      || transform(array('time', 'day_volume', 'expire_date', 'open_interest', 'options_type', 'mini_option', 'last_size',
                         'bid_size', 'ask_size', 'price_hint', 'vol_24hr', 'vol_all_currencies', 'received_at'),
                   name -> struct(name, 'BIGINT' AS types, 'an integer of 64 bits' AS wanted))
      || transform(array('ticker', 'currency', 'exchange', 'short_name', 'underlying_symbol', 'from_currency', 'last_market', 'source'),
                   name -> struct(name, 'STRING' AS types, 'a string' AS wanted))
      || transform(array('quote_type', 'market_hours'),
                   name -> struct(name, 'STRING|BIGINT' AS types, 'a name or an integer' AS wanted)),
      field -> coalesce(
        NOT schema_of_variant(try_variant_get(message, concat('$.', field.name), 'variant')) RLIKE concat('^(', field.types, '|VOID)$')
        OR (field.wanted = 'a number' AND field.name <> 'price'
            AND abs(try_variant_get(message, concat('$.', field.name), 'double')) = double('infinity')), false)), 0) AS misfit,
    try_variant_get(message, '$.ticker', 'string') AS ticker,
    try_variant_get(message, '$.price', 'double') AS price,
    try_variant_get(message, '$.time', 'bigint') AS time,
    try_variant_get(message, '$.received_at', 'bigint') AS received,
    try_variant_get(message, '$.quote_type', 'string') AS quote_type,
    filter(array('ticker', 'price', 'time'),
           name -> coalesce(schema_of_variant(try_variant_get(message, concat('$.', name), 'variant')), 'VOID') = 'VOID') AS absent
  FROM messages)

SELECT topic, partition, offset, timestamp, key, value, message,
  CASE
    WHEN value IS NULL THEN 'tombstone'
    WHEN length(value) > 1048576 THEN 'too_large'
    WHEN message IS NULL THEN 'malformed'
    WHEN size(absent) > 0 OR ticker = '' THEN 'missing_field'
    WHEN misfit IS NOT NULL OR received NOT BETWEEN 1 AND 253402300799999 THEN 'wrong_type'
    WHEN abs(price) = double('infinity') THEN 'bad_price'
    WHEN price <= 0 AND quote_type IN ('EQUITY', 'ETF', 'MUTUALFUND', 'CRYPTOCURRENCY', 'CURRENCY') THEN 'bad_price'
    WHEN time NOT BETWEEN 1 AND 253402300799999 THEN 'bad_time'
    WHEN time - coalesce(received, unix_millis(timestamp)) > 300000 THEN 'bad_time'
    WHEN octet_length(ticker) > 128 THEN 'too_large'
  END AS reason,
  CASE
    WHEN value IS NULL THEN 'the record has no value'
    WHEN length(value) > 1048576 THEN concat('value: ', length(value), ' bytes, at most 1048576')
    WHEN text IS NULL THEN 'is not UTF-8'
    WHEN message IS NULL THEN 'is not one JSON object with every key once'
    WHEN size(absent) > 0 THEN concat(absent[0], ' is absent')
    WHEN ticker = '' THEN 'ticker is empty'
    WHEN misfit IS NOT NULL THEN concat(misfit.name, ': ', left(to_json(try_variant_get(message, concat('$.', misfit.name), 'variant')), 60), ' is not ', misfit.wanted)
    WHEN received NOT BETWEEN 1 AND 253402300799999 THEN concat('received_at: ', received, ' is not an integer of 64 bits')
    WHEN abs(price) = double('infinity') THEN 'price: not finite'
    WHEN price <= 0 AND quote_type IN ('EQUITY', 'ETF', 'MUTUALFUND', 'CRYPTOCURRENCY', 'CURRENCY') THEN concat('price: ', price, ' is not positive, for ', quote_type)
    WHEN time NOT BETWEEN 1 AND 253402300799999 THEN concat('time: ', time, ' is out of range')
    WHEN time - coalesce(received, unix_millis(timestamp)) > 300000
      THEN concat('time: ', time, ' is ', time - coalesce(received, unix_millis(timestamp)), ' ms ahead of its reception')
    WHEN octet_length(ticker) > 128 THEN concat('ticker: ', octet_length(ticker), ' bytes, at most 128')
  END AS detail
FROM fields
