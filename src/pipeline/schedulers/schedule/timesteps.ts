/** Which of the training timesteps a run visits (Table 2 of arXiv 2305.08891), as diffusers' schedulers round them. */
import type { SchedulerSettings } from '../settings';
import { arangeDown, linspace, roundHalfEven } from './numeric';

/**
 * Timesteps in the order of a run, highest first.
 * @param settings `timestepSpacing` and `stepsOffset` count; the offset only with `leading`
 * @returns `steps` values (rarely one more with `trailing`, as in diffusers); `linspace` ones are not rounded
 */
export function spacedTimesteps(settings: SchedulerSettings, steps: number): number[] {
  const { numTrainTimesteps, stepsOffset } = settings;
  switch (settings.timestepSpacing) {
    case 'linspace':
      return linspace(0, numTrainTimesteps - 1, steps).reverse();
    case 'leading': {
      const ratio = Math.floor(numTrainTimesteps / steps);
      return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * ratio + stepsOffset);
    }
    case 'trailing':
      return arangeDown(numTrainTimesteps, numTrainTimesteps / steps).map((t) => roundHalfEven(t) - 1);
    default:
      throw new TypeError(`unknown timestep spacing ${settings.timestepSpacing satisfies never}`);
  }
}
