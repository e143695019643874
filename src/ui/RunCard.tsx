/** A run in hand: what is happening, how far, how long still, and a way out. */
import { TriangleAlert, X } from 'lucide-react';
import { duration, type RunProgress } from '../state/progress';
import { useJob, useSession } from './context';
import { HostedOffer } from './HostedPanel';

export function RunCard() {
  const session = useSession();
  const progress = useJob((state) => state.progress);
  const variation = useJob((state) => state.variation);
  return (
    <>
      {progress && (
        <div className="run">
          <div className="run-line">
            <b className="tabular">{progress.title}</b>
            <span className="tabular">
              {progress.secondsLeft === null ? '' : `${duration(progress.secondsLeft)} left`}
            </span>
          </div>
          <Bar fraction={progress.fraction} title={progress.title} />
          <div className="run-line">
            <span className="tabular">
              {variation && `Variation ${variation.number} of ${variation.count} · `}
              {progress.detail}
            </span>
            <button type="button" className="button" onClick={session.cancel}>
              Cancel
            </button>
          </div>
        </div>
      )}
      <p className="sr-only" role="status">
        {progress && spoken(progress)}
      </p>
    </>
  );
}

function Bar({ fraction, title }: { fraction: number | null; title: string }) {
  const percent = fraction === null ? undefined : Math.round(fraction * 100);
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label="Progress"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={title}
      data-waiting={fraction === null || undefined}
    >
      <i className="bar-fill" style={{ transform: `scaleX(${fraction ?? 1})` }} />
    </div>
  );
}

/** Steps are too many to be read out: every fifth of the way is enough. */
function spoken({ title, fraction }: RunProgress): string {
  if (!title.startsWith('Painting')) return title;
  return `Painting, ${Math.floor((fraction ?? 0) * 5) * 20} percent`;
}

/** Need and room side by side, before the sentence that explains them. */
function TooLarge({ neededBytes, availableBytes }: { neededBytes: number; availableBytes: number }) {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  return (
    <b className="run-alert-title tabular">
      Too large for this device: needs {gigabytes(neededBytes)}, has {gigabytes(availableBytes)}
    </b>
  );
}

/** Why a run failed, and what to do. */
export function RunAlert() {
  const session = useSession();
  const error = useJob((state) => state.runError);
  return (
    <div role="alert">
      {error && (
        <p className="run-alert">
          <TriangleAlert size={17} strokeWidth={1.8} aria-hidden />
          <span>
            {error.tooLarge && <TooLarge {...error.tooLarge} />}
            {error.message}
            {error.tooLarge && <HostedOffer onTaken={session.dismiss} />}
          </span>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={session.dismiss}>
            <X size={16} aria-hidden />
          </button>
        </p>
      )}
    </div>
  );
}
