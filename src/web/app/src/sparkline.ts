// A line of recent prices, with the reference price as a dashed one.
import { svg } from './dom';

export type Point = [time: number, price: number];
const WIDTH = 120, HEIGHT = 32, MARGIN = 2;
const MOST = 90, EVERY_MS = 15_000;

/** Adds a live price: a new point now and then, else the last one moves. */
export function extend(points: Point[], time: number, price: number): void {
  const last = points[points.length - 1];
  const before = points[points.length - 2];
  if (last && before && time - before[0] < EVERY_MS) points[points.length - 1] = [Math.max(time, last[0]), price];
  else points.push([time, price]);
  if (points.length > MOST) points.splice(0, points.length - MOST);
}

export function sparkline(): { element: SVGElement; draw: (points: Point[], reference?: number) => void } {
  const element = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'spark', 'aria-hidden': 'true' });
  const base = svg('line', { x1: 0, x2: WIDTH, class: 'spark-base' });
  const area = svg('path', { class: 'spark-area' }), line = svg('path', { class: 'spark-line' });
  element.append(area, base, line);
  const draw = (points: Point[], reference?: number) => {
    if (points.length < 2) { line.setAttribute('d', ''); area.setAttribute('d', ''); base.setAttribute('visibility', 'hidden'); return; }
    let low = Infinity, high = -Infinity;
    for (const [, price] of points) { low = Math.min(low, price); high = Math.max(high, price); }
    // The reference is shown where it is near: far away it would flatten the line.
    const near = reference !== undefined && reference > low - (high - low) && reference < high + (high - low);
    if (near) { low = Math.min(low, reference); high = Math.max(high, reference); }
    const y = (price: number) => MARGIN + (HEIGHT - 2 * MARGIN) * (high === low ? 0.5 : (high - price) / (high - low));
    const path = points.map(([, price], i) => `${i === 0 ? 'M' : 'L'}${((i * WIDTH) / (points.length - 1)).toFixed(1)} ${y(price).toFixed(1)}`).join('');
    line.setAttribute('d', path);
    area.setAttribute('d', `${path}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`);
    base.setAttribute('visibility', near ? 'visible' : 'hidden');
    if (near) { base.setAttribute('y1', y(reference).toFixed(1)); base.setAttribute('y2', y(reference).toFixed(1)); }
  };
  return { element, draw };
}
