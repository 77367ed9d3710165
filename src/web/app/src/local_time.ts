// Marks of the time axis by the browser's clock: the library's own weights are UTC's, in which a day begins elsewhere.
import { defaultHorzScaleBehavior, type IHorzScaleBehavior, type Time, type TimeChartOptions, type UTCTimestamp } from 'lightweight-charts';

const localClock = (seconds: number) => seconds - 60 * new Date(seconds * 1000).getTimezoneOffset();

/** With the options of the library's own time scale, which its type forgets. */
type TimeScale = IHorzScaleBehavior<Time> & { options(): TimeChartOptions };

/** @param areDates  whether the times are dates, which are the same everywhere */
export function localTimeScale(areDates: () => boolean): TimeScale {
  const scale = new (defaultHorzScaleBehavior())() as TimeScale, weigh = scale.fillWeightsForPoints.bind(scale);
  scale.fillWeightsForPoints = (points, first) => {
    if (areDates()) return weigh(points, first);
    const local = points.map((point) => ({ ...point, time: scale.convertHorzItemToInternal(localClock(point.originalTime as number) as UTCTimestamp) }));
    weigh(local, first);
    local.slice(first).forEach(({ timeWeight }, i) => { points[first + i]!.timeWeight = timeWeight; });
  };
  return scale;
}
