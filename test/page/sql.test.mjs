// What the SQL box shows of each kind of value, and how it behaves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pregao, withBrowser } from './pregao.mjs';

const pregao = new Pregao();
const open = withBrowser(pregao);

async function run(page, sql) {
  await page.locator('#sql').fill(sql);
  await page.locator('#sql').press('Control+Enter');
  await page.locator('.sql [role=status]', { hasText: / ms/ }).waitFor();
}
/** The cells of the first row. */
const cells = (page) => page.locator('.sql tbody tr').first().locator('td').allTextContents();
async function csv(page) {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: /CSV/ }).click();
  const chunks = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test('numbers keep all their digits, in the table and in the CSV', async () => {
  const { page, problems, close } = await open();
  await run(page, `SELECT 9007199254740993 AS a, -9007199254740993 AS b, 18446744073709551615::UBIGINT AS c,
    170141183460469231731687303715884105727::HUGEINT AS d, 1.50::DECIMAL(9, 2) AS e, 12345678901234567890.123456789::DECIMAL(38, 9) AS f,
    0.1::DOUBLE + 0.2 AS g, 100000::DOUBLE AS h, 1e-7::DOUBLE AS i, 5e-324::DOUBLE AS j, '#1' AS k, [9007199254740993, 1] AS l, {'x': 9007199254740993} AS m`);
  assert.deepEqual(await cells(page), ['9007199254740993', '-9007199254740993', '18446744073709551615', '170141183460469231731687303715884105727', '1.50',
    '12345678901234567890.123456789', '0.30000000000000004', '100000', '1e-7', '5e-324', '#1', '[9007199254740993,1]', '{"x":9007199254740993}']);
  const aligned = await page.locator('.sql tbody td').evaluateAll((all) => all.map((cell) => getComputedStyle(cell).textAlign));
  assert.deepEqual(aligned.map((align) => align === 'right'), [...Array(10).fill(true), false, false, false]);
  assert.equal((await csv(page)).split('\r\n')[1], '9007199254740993,-9007199254740993,18446744073709551615,170141183460469231731687303715884105727,1.50,'
    + '12345678901234567890.123456789,0.30000000000000004,100000,1e-7,5e-324,#1,"[9007199254740993,1]","{""x"":9007199254740993}"');
  assert.deepEqual(problems, []);
  await close();
});

test('a long text of one character is shown at once, and texts that look like marks stay', async () => {
  const { page, problems, close } = await open();
  await run(page, `SELECT repeat('#', 1000000) AS a, '##1' AS b, '\\u0023' AS c, '"' AS d, 'it says "12.50"' AS e, 1.50::DECIMAL(9, 2) AS f`);
  assert.deepEqual((await cells(page)).map((cell, i) => (i ? cell : cell.length)), [1_000_000, '##1', '\\u0023', '"', 'it says "12.50"', '1.50']);
  assert.deepEqual(problems, []);
  await close();
});

test('digits keep the decimal mark of the browser', async () => {
  const { page, close } = await open({ locale: 'pt-BR' });
  await run(page, 'SELECT 9007199254740993.10::DECIMAL(38, 2) AS a, 0.5::DOUBLE AS b');
  assert.deepEqual(await cells(page), ['9007199254740993,10', '0,5']);
  assert.equal((await csv(page)).split('\r\n')[1], '9007199254740993.10,0.5', 'programs read a point');
  await close();
});

test('not a number is no NULL, NULL is no empty text, and times have their microseconds', async () => {
  const { page, close } = await open();
  await run(page, `SELECT 'nan'::DOUBLE AS a, '-inf'::FLOAT AS b, NULL AS c, '' AS d, 'NULL' AS e, ['nan'::DOUBLE, NULL] AS f, {'a': NULL, 'b': ''} AS g,
    TIMESTAMPTZ '2026-11-25 10:06:11.000001+00' AS h, DATE '2026-11-25' AS i, TIME '01:02:03.000004' AS j, '\\xFF'::BLOB AS k, MAP {'k': 1} AS l, true AS m,
    E'two\\nlines' AS n, '<b>&' AS o`);
  assert.deepEqual(await cells(page), ['NaN', '-Infinity', 'NULL', '', 'NULL', '["NaN",null]', '{"a":null,"b":""}', '2026-11-25 10:06:11.000001+00',
    '2026-11-25', '01:02:03.000004', '\\xFF', '[{"key":"k","value":1}]', 'true', 'two\nlines', '<b>&']);
  assert.deepEqual(await page.locator('.sql td.null').allTextContents(), ['NULL'], 'the text NULL looks otherwise');
  assert.match((await csv(page)).split('\r\n')[1], /^NaN,-Infinity,,"",NULL,/);
  await close();
});

test('of a long answer the page shows a part, says so, and gives all of it as CSV', async () => {
  const { page, close } = await open();
  await run(page, 'SELECT range AS n FROM range(1000)');
  assert.match(await page.locator('.sql [role=status]').textContent(), /^1,000 rows in \d+ ms; the first 500 are shown, all are in the CSV$/);
  assert.equal(await page.locator('.sql tbody tr').count(), 500);
  assert.equal((await csv(page)).trim().split('\r\n').length, 1001);
  await close();
});

test('the keyboard stays at the button that it pressed', async () => {
  const { page, close } = await open();
  await page.locator('#sql').fill('SELECT 42 AS n');
  const button = page.getByRole('button', { name: 'Run', exact: true });
  await button.focus();
  await page.keyboard.press('Enter');
  await page.locator('.sql td', { hasText: '42' }).waitFor();
  assert.ok(await button.evaluate((element) => element === document.activeElement));
  await page.keyboard.press('Enter');
  await page.waitForResponse((response) => response.url().endsWith('/api/sql'));
  await close();
});
