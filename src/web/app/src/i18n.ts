// The page's words, in the browser's language: Portuguese or English.
const english = {
  watchlist: 'Watchlist', chart: 'Chart', portfolio: 'Portfolio', health: 'Pipeline', sql: 'SQL',
  live: 'Live', connecting: 'Connecting', lost: 'Reconnecting', stale: 'Topic away',
  lostBanner: 'The connection to pregao is lost. The page tries again by itself.', lostSince: 'What you see is from {age} ago.',
  topicBanner: 'The topic does not answer, so quotes stand still: {why}',
  errorBanner: 'pregao answered with an error: {why}',
  perSecond: '{n} msg/s', simulator: 'Simulated market', theme: 'Switch between light and dark',
  addTicker: 'Add a ticker', addPlaceholder: 'Ticker, e.g. AAPL', add: 'Add', remove: 'Remove {ticker}', removeHeld: 'Remove {ticker}, its quantity and average price from the watchlist?',
  waiting: 'Waiting for the first quote', empty: 'The watchlist is empty. Add a ticker to begin.', loading: 'Loading',
  open: 'open', pre: 'pre-market', post: 'after hours', overnight: 'overnight',
  ago: '{age} ago', now: 'now', noBars: 'No quotes of {ticker} in this interval yet', interval: 'Interval',
  candlesByKey: 'Candles: the arrow keys read them one by one', first: 'O', high: 'H', low: 'L', close: 'C', volumeShort: 'V', records: '{n} records',
  volume: 'Volume', dayRange: 'Day', previous: 'Previous close', attribution: 'Charts by TradingView',
  position: 'Position', price: 'Price', value: 'Value', day: 'Day', total: 'Total',
  allIn: 'All in {currency}', valueIn: 'Value in {currency}', rates: 'Rates',
  noRate: 'Nothing is summed in {currency}: the rate of {of} is not known yet.',
  noQuote: 'No quote yet, so in no sum: {tickers}',
  noPositions: 'No positions. Write quantity and average price behind a ticker of the watchlist: PETR4.SA 100 32.10',
  rate: 'Messages/s', lag: 'Lag', lastCommit: 'Last commit', commitTook: 'Commit took', rows: 'Rows', duplicates: 'Duplicates', rejected: 'Rejects',
  connections: 'Connections', reconnects: 'Reconnects', pages: 'Pages open', silent: 'Silent tickers', none: 'none', closed: '{n} with a closed exchange',
  rejects: 'Latest rejects', noRejects: 'No message was refused in the last seven days.', elsewhere: 'The engine runs in another process; its figures are at its own /metrics.',
  gaps: 'Gaps', ticker: 'Ticker', fromTo: 'From – to', minutes: 'Minutes', state: 'State',
  gapCount: '{n} in the last {days} days; waiting for the history: {waiting}', newestOf: '; the newest {n} are listed',
  noGaps: 'No gap in the last {days} days: the stream missed no minute of an open market.', noBarsForGaps: 'There are no bars yet to find gaps in.',
  feedSilent: 'no ticker spoke', tickerSilent: 'this ticker alone', gapPartly: '{n} of {of} filled',
  gapFilled: 'filled', gapUnfilled: 'not in the history', gapWaiting: 'waiting',
  noAnswer: 'pregao does not answer. Is it running?', tooSlow: 'pregao did not answer in time. Try again.',
  run: 'Run', running: 'Running', download: 'Download CSV', sqlLabel: 'SQL statement, read-only',
  sqlHint: 'Ctrl+Enter runs it. Tables: silver, bronze, quarantine, bars, bars_1d, latest, gaps, portfolio.', rowsTook: '{n} rows in {ms} ms', truncated: ', cut at the limit', firstShown: '; the first {n} are shown, all are in the CSV', noRows: 'No rows',
  added: '{ticker} is in the watchlist', removed: '{ticker} is no longer in the watchlist', change: 'Change', reason: 'Reason', raw: 'Raw message', time: 'Time', results: 'Result of the statement',
};
type Words = typeof english;

const portuguese: Words = {
  watchlist: 'Carteira', chart: 'Gráfico', portfolio: 'Posições', health: 'Fluxo de dados', sql: 'SQL',
  live: 'Ao vivo', connecting: 'Conectando', lost: 'Reconectando', stale: 'Tópico fora',
  lostBanner: 'A conexão com o pregao caiu. A página tenta de novo sozinha.', lostSince: 'O que se vê é de {age} atrás.',
  topicBanner: 'O tópico não responde, por isso as cotações estão paradas: {why}',
  errorBanner: 'O pregao respondeu com um erro: {why}',
  perSecond: '{n} msg/s', simulator: 'Mercado simulado', theme: 'Alternar entre claro e escuro',
  addTicker: 'Adicionar um papel', addPlaceholder: 'Papel, ex.: PETR4.SA', add: 'Adicionar', remove: 'Remover {ticker}', removeHeld: 'Remover {ticker} da carteira, com a quantidade e o preço médio?',
  waiting: 'Esperando a primeira cotação', empty: 'A carteira está vazia. Adicione um papel para começar.', loading: 'Carregando',
  open: 'aberto', pre: 'pré-abertura', post: 'after-market', overnight: 'noturno',
  ago: 'há {age}', now: 'agora', noBars: 'Ainda não há cotações de {ticker} neste intervalo', interval: 'Intervalo',
  candlesByKey: 'Candles: as setas leem um por um', first: 'Abe', high: 'Máx', low: 'Mín', close: 'Fec', volumeShort: 'Vol', records: '{n} registros',
  volume: 'Volume', dayRange: 'Dia', previous: 'Fechamento anterior', attribution: 'Gráficos da TradingView',
  position: 'Posição', price: 'Preço', value: 'Valor', day: 'Dia', total: 'Total',
  allIn: 'Tudo em {currency}', valueIn: 'Valor em {currency}', rates: 'Câmbio',
  noRate: 'Nada é somado em {currency}: o câmbio de {of} ainda não é conhecido.',
  noQuote: 'Ainda sem cotação, fora das somas: {tickers}',
  noPositions: 'Nenhuma posição. Escreva quantidade e preço médio depois do papel na carteira: PETR4.SA 100 32,10',
  rate: 'Mensagens/s', lag: 'Atraso', lastCommit: 'Último commit', commitTook: 'Duração do commit', rows: 'Linhas', duplicates: 'Duplicatas', rejected: 'Rejeições',
  connections: 'Conexões', reconnects: 'Reconexões', pages: 'Páginas abertas', silent: 'Papéis em silêncio', none: 'nenhum', closed: '{n} com a bolsa fechada',
  rejects: 'Últimas rejeições', noRejects: 'Nenhuma mensagem foi recusada nos últimos sete dias.', elsewhere: 'O motor roda em outro processo; os números dele estão no /metrics de lá.',
  gaps: 'Lacunas', ticker: 'Papel', fromTo: 'De – até', minutes: 'Minutos', state: 'Situação',
  gapCount: '{n} nos últimos {days} dias; esperando o histórico: {waiting}', newestOf: '; aqui, as {n} mais novas',
  noGaps: 'Nenhuma lacuna nos últimos {days} dias: o fluxo não perdeu nenhum minuto de mercado aberto.', noBarsForGaps: 'Ainda não há barras em que procurar lacunas.',
  feedSilent: 'nenhum papel falou', tickerSilent: 'só este papel', gapPartly: '{n} de {of} preenchidos',
  gapFilled: 'preenchida', gapUnfilled: 'fora do histórico', gapWaiting: 'esperando',
  noAnswer: 'O pregao não responde. Ele está rodando?', tooSlow: 'O pregao não respondeu a tempo. Tente de novo.',
  run: 'Executar', running: 'Executando', download: 'Baixar CSV', sqlLabel: 'Comando SQL, somente leitura',
  sqlHint: 'Ctrl+Enter executa. Tabelas: silver, bronze, quarantine, bars, bars_1d, latest, gaps, portfolio.', rowsTook: '{n} linhas em {ms} ms', truncated: ', cortado no limite', firstShown: '; aparecem as primeiras {n}, e todas estão no CSV', noRows: 'Nenhuma linha',
  added: '{ticker} está na carteira', removed: '{ticker} saiu da carteira', change: 'Variação', reason: 'Motivo', raw: 'Mensagem crua', time: 'Hora', results: 'Resultado do comando',
};

export const locale = navigator.language || 'en';
const words = locale.toLowerCase().startsWith('pt') ? portuguese : english;
document.documentElement.lang = words === portuguese ? 'pt-BR' : 'en';

export function t(key: keyof Words, values: Record<string, string | number> = {}): string {
  return words[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}
