/** Whether a model runs on this device: an icon and a line. */
import { CircleCheck, CircleX, Hourglass } from 'lucide-react';
import { fitInWords } from '../../state/models/fit';
import { useEngineStatus, useModelState, useModels } from '../base/context';
import './fitLine.css';

const icons = { fits: CircleCheck, slow: Hourglass, tooLarge: CircleX };

export function useFit(name: string) {
  const models = useModels();
  const provider = useEngineStatus()?.provider;
  const fits = useModelState((state) => state.fits);
  const lookups = useModelState((state) => state.lookups);
  // The pace, which tells times, is read again after each measurement.
  useModelState((state) => state.measuring.count);
  return provider === undefined ? null : fitInWords(name, { fits, lookups }, provider, models.pace);
}

export function FitLine({ name }: { name: string }) {
  const fit = useFit(name);
  if (fit === null) return null;
  const Icon = icons[fit.kind];
  return (
    <span className="fit" data-fit={fit.kind}>
      <Icon size={14} strokeWidth={1.9} aria-hidden />
      {fit.text}
    </span>
  );
}
