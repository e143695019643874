/** The settings panel, in the order in which users think of them, and the button that starts a run. */
import { Check, Dices, Gauge, History, Undo2 } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { statusWarning } from '../../state/models/deviceStatus';
import { controlLines, promptTexts } from '../../state/settings/controls';
import { useEngineStatus, useRun, useSession, useSettings } from '../base/context';
import { useNarrow } from '../base/useNarrow';
import { useCommand } from '../commands/useCommand';
import { TextField } from '../controls/Field';
import { Tooltip } from '../controls/Tooltip';
import { ModelField } from '../models/ModelField';
import { ControlLines } from './OptionField';
import { CancelButton } from './RunCard';
import { StarterThings } from './StarterThings';
import { useNextStep } from './useNextStep';
import './sidePanel.css';

const lines = controlLines('panel');

interface SidePanelProps {
  /** The frame or the canvas is being adjusted: on a phone the settings fold, so that the image's own options have room. */
  adjusting: boolean;
  belowPrompt: ReactNode;
  /** At the end of the settings. */
  settings: ReactNode;
  /** Above the Generate button. */
  dock: ReactNode;
}

export function SidePanel({ adjusting, belowPrompt, settings, dock }: SidePanelProps) {
  const narrow = useNarrow();
  const [unfolded, setUnfolded] = useState(false);
  useEffect(() => {
    if (adjusting) setUnfolded(false);
  }, [adjusting]);
  // An error at a folded field unfolds it.
  const hasError = useRun((state) => Object.keys(state.fieldErrors).length > 0);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (hasError) panel.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [hasError]);
  return (
    <aside ref={panel} className="side" aria-label="Settings">
      <div className="side-fields fades">
        <TextField {...promptTexts('prompt')} field="prompt" rows={3} />
        <StarterThings />
        {belowPrompt}
        <details
          className="fold"
          open={!narrow || unfolded || hasError}
          onToggle={(event) => narrow && setUnfolded(event.currentTarget.open)}
        >
          <summary>Model, steps, guidance, seed</summary>
          <div className="fold-body">
            <TextField {...promptTexts('negative_prompt')} field="negative_prompt" rows={2} />
            <ModelField />
            <DeviceNote />
            <ControlLines lines={lines} />
            <SuitedLine />
            <SeedLine />
            {settings}
          </div>
        </details>
      </div>
      <div className="side-dock">
        {dock}
        <div className="go-line">
          <RemoveButton />
          <GenerateButton />
          <CancelButton />
        </div>
      </div>
    </aside>
  );
}

/** Takes away what is masked; no prompt is needed, and no model. Without a prompt it is the first thing to press. */
function RemoveButton() {
  const { label, icon: Icon, keys, tip, isEnabled, run } = useCommand('remove');
  const hasPrompt = useSettings((state) => state.prompt.trim() !== '');
  return (
    <Tooltip text={tip} keys={keys} side="top">
      <button
        type="button"
        className="go"
        data-kind={hasPrompt ? 'second' : undefined}
        disabled={!isEnabled}
        onClick={run}
      >
        {Icon && <Icon size={18} strokeWidth={1.9} aria-hidden />}
        {label}
      </button>
    </Tooltip>
  );
}

/** It can be pressed at any time, and then says what is missing; it looks ready once nothing is. */
function GenerateButton() {
  const running = useRun((state) => state.running);
  const hasPrompt = useSettings((state) => state.prompt.trim() !== '');
  const { isReady, text } = useNextStep();
  const kind = !isReady && !running ? 'waiting' : hasPrompt ? undefined : 'second';
  const { label, icon: Icon, keys, isEnabled, run } = useCommand('generate');
  return (
    <Tooltip
      text={isReady || running ? 'Generate what the prompt says' : `Generate: ${text}`}
      keys={keys}
      side="top"
    >
      <button type="button" className="go" data-kind={kind} disabled={!isEnabled} onClick={run}>
        {Icon && <Icon size={18} strokeWidth={1.9} aria-hidden />}
        {label}
      </button>
    </Tooltip>
  );
}

/** Says what makes runs slower on this device, such as missing WebGPU. */
function DeviceNote() {
  const warning = statusWarning(useEngineStatus());
  return (
    warning && (
      <p className="machine-note">
        <Gauge size={16} strokeWidth={1.8} aria-hidden />
        {warning}
      </p>
    )
  );
}

/** Says which settings the model brought, or would bring, with a way back. */
function SuitedLine() {
  const { suited } = useSession();
  const note = useSettings((state) => state.suitedNote);
  return (
    <p className="suited-line" role="status">
      {note && (
        <>
          <span>{note.text}</span>
          <button type="button" className="link" onClick={suited.press}>
            {note.kind === 'set' ? <Undo2 size={14} aria-hidden /> : <Check size={14} aria-hidden />}
            {note.kind === 'set' ? 'Put back' : 'Use'}
          </button>
        </>
      )}
    </p>
  );
}

/** The last random seed, to reuse it; the line keeps its place when there is none. */
function SeedLine() {
  const session = useSession();
  const lastSeed = useRun((state) => state.lastSeed);
  const seed = useSettings((state) => state.seed);
  if (seed !== '') {
    return (
      <p className="seed-line">
        Same seed, same result.
        <button type="button" className="link" onClick={() => session.change({ seed: '' })}>
          <Dices size={14} aria-hidden /> Random
        </button>
      </p>
    );
  }
  if (lastSeed === null) return <p className="seed-line">Random seed each time</p>;
  return (
    <p className="seed-line">
      <span className="tabular">Last: {lastSeed}</span>
      <button type="button" className="link" onClick={() => session.change({ seed: String(lastSeed) })}>
        <History size={14} aria-hidden /> Reuse
      </button>
    </p>
  );
}
