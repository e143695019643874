/** The current run: what is happening, how far it is, the time left, and Cancel. Between runs: what comes next. */
import { TriangleAlert, X } from 'lucide-react';
import { useState } from 'react';
import { useShallow } from 'zustand/react/shallow';
import { toolOf } from '../../editor/store';
import { isExtended, pendingResult, runSeconds, variationsOf } from '../../state/pictures/versions';
import { duration, type RunProgress } from '../../state/run/progress';
import { taskOfModel, taskOfResult } from '../../state/run/removal';
import { useEditor, useModelState, useRun, useSession, useSettings, useVersions } from '../base/context';
import { useArrived } from '../base/useArrived';
import { useCommand } from '../commands/useCommand';
import { HostedOffer } from '../hosted/HostedSwitch';
import { useNextStep } from './useNextStep';
import './runCard.css';

/** Always there, always at the same height: nothing moves when a run begins or ends. */
export function RunCard() {
  const progress = useRun((state) => state.progress);
  const variation = useRun((state) => state.variation);
  const outcome = useOutcome();
  const next = useNextText();
  const offersRemoval = useRemovalOffer(outcome !== null) && !progress;
  const offersSelection = useSelectionOffer() && outcome === null && !progress;
  const [title, detail] = progress
    ? [progress.title, progress.detail]
    : outcome === null
      ? [next, 'Only the masked area changes.']
      : [outcome.title, outcome.detail];
  return (
    <div className="run">
      <p className="run-line">
        <b className="tabular">{title}</b>
        <span className="tabular">
          {progress && progress.secondsLeft !== null && `${duration(progress.secondsLeft)} left`}
        </span>
      </p>
      <p className="run-detail tabular" data-offer={offersRemoval || offersSelection || undefined}>
        {progress && variation && `Variation ${variation.number} of ${variation.count} · `}
        {offersRemoval ? <RemovalOffer /> : offersSelection ? <SelectionOffer /> : detail}
      </p>
      {progress ? (
        <Bar fraction={progress.fraction} title={progress.title} />
      ) : (
        <div className="bar" data-idle aria-hidden />
      )}
      <p className="sr-only" role="status">
        {progress ? spoken(progress) : outcome?.title}
      </p>
    </div>
  );
}

/** What to do next. */
function useNextText(): string {
  const hasPicture = useEditor((state) => state.picture !== null);
  const arrived = useArrived();
  const { text } = useNextStep();
  return !hasPicture && !arrived ? 'Opening…' : text;
}

/** Without a prompt "Remove" does better than a model that paints: it is offered in a line, and Generate goes its way. */
function RemovalOffer() {
  const { run } = useCommand('remove');
  const extended = useVersions(isExtended);
  return (
    <>
      <span className="run-lead">
        {extended ? 'No prompt? To continue the image,' : 'No prompt? To take it away,'}{' '}
      </span>
      <button type="button" className="link small" onClick={run}>
        use Remove
      </button>
    </>
  );
}

/** Painting is not the only way to a mask. */
function SelectionOffer() {
  const { run } = useCommand('selectObject');
  return (
    <>
      <span className="run-lead">Or </span>
      <button type="button" className="link small" onClick={run}>
        select a thing with a click
      </button>
    </>
  );
}

/** Whether the tool that selects things is worth a word: nothing is masked yet, and another tool is in use. */
function useSelectionOffer(): boolean {
  return useEditor(
    ({ picture, opening, maskBounds, tool }) =>
      picture !== null && opening === null && maskBounds.width === 0 && toolOf(tool).asksAssistant !== true,
  );
}

/** Whether "Remove" is the better choice for what is set now, or was for the result that is shown. */
function useRemovalOffer(hasOutcome: boolean): boolean {
  const hasMask = useEditor((state) => state.maskBounds.width > 0 && state.opening === null);
  const { prompt, model_name } = useSettings(
    useShallow(({ prompt, model_name }) => ({ prompt, model_name })),
  );
  const pending = useVersions(pendingResult);
  const lookups = useModelState((state) => state.lookups);
  if (!hasMask) return false;
  if (hasOutcome)
    return (
      pending !== undefined && pending.prompt.trim() === '' && taskOfResult(pending, lookups) !== 'remove'
    );
  return prompt.trim() === '' && taskOfModel(model_name, lookups) !== 'remove';
}

/** The outcome of the last run, until the next one begins; null if it had no results. */
function useOutcome(): { title: string; detail: string } | null {
  const running = useRun((state) => state.running);
  const items = useVersions((state) => state.items);
  const extended = useVersions(isExtended);
  const lookups = useModelState((state) => state.lookups);
  const last = items.at(-1);
  const [run, setRun] = useState({ running, lastBefore: last?.id });
  if (run.running !== running) setRun({ running, lastBefore: running ? last?.id : run.lastBefore });
  if (running || run.lastBefore === undefined || last === undefined || last.id === run.lastBefore)
    return null;
  const seconds = runSeconds({ items }, last);
  if (seconds === null) return null;
  const { length } = variationsOf({ items }, last);
  const next =
    taskOfResult(last, lookups) !== 'remove'
      ? 'Drag ‹ › to compare, or keep painting.'
      : extended
        ? 'Accept it, or type what to add there.'
        : 'Something left? Paint over it and remove again.';
  const each = `${length} results, ${duration(seconds / length)} each. `;
  return {
    title: `Done in ${seconds < 1 ? 'under 1 s' : duration(seconds)}`,
    detail: `${length > 1 ? each : ''}${next}`,
  };
}

/** Takes the place of “Generate” while there is something to cancel. */
export function CancelButton() {
  const session = useSession();
  const running = useRun((state) => state.progress !== null);
  return (
    running && (
      <button type="button" className="button cancel" onClick={session.cancel}>
        Cancel
      </button>
    )
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

/** Reading out every step would be too much: each fifth of the way is enough. */
function spoken({ title, fraction }: RunProgress): string {
  if (!title.startsWith('Painting')) return title;
  return `Painting, ${Math.floor((fraction ?? 0) * 5) * 20} percent`;
}

/** Says why a run failed, and what to do. */
export function RunAlert() {
  const session = useSession();
  const error = useRun((state) => state.runError);
  return (
    <div className="run-alert" role="alert">
      {error && (
        <p className="note" data-bad>
          <TriangleAlert size={17} strokeWidth={1.8} aria-hidden />
          <span>
            {error.message}
            {error.isTooLarge && <HostedOffer onTaken={session.dismiss} />}
          </span>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={session.dismiss}>
            <X size={16} aria-hidden />
          </button>
        </p>
      )}
    </div>
  );
}
