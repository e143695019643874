/** What the model is told, in the order a person thinks; and the button that starts. */
import { Check, Dices, Gauge, History, Sparkles, Undo2 } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { statusWarning } from '../../state/models/engineStatus';
import { limits } from '../../state/settings/settings';
import { useEngineStatus, useJob, useSession, useSettings } from '../base/context';
import { useNarrow } from '../base/useNarrow';
import { keysOf } from '../commands/keys';
import { NumberField, TextField } from '../controls/Field';
import { ModelField } from '../models/ModelField';
import { CancelButton } from './RunCard';
import './sidePanel.css';

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
  const session = useSession();
  const running = useJob((state) => state.running);
  const narrow = useNarrow();
  const [unfolded, setUnfolded] = useState(false);
  useEffect(() => {
    if (adjusting) setUnfolded(false);
  }, [adjusting]);
  // A complaint about a folded field unfolds it.
  const complaint = useJob((state) => Object.keys(state.fieldErrors).length > 0);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (complaint) panel.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [complaint]);
  return (
    <aside ref={panel} className="side" aria-label="Settings">
      <div className="side-fields">
        <TextField
          label="Prompt"
          field="prompt"
          rows={3}
          placeholder="what should be there; empty: the background"
        />
        {belowPrompt}
        <details
          className="fold"
          open={!narrow || unfolded || complaint}
          onToggle={(event) => narrow && setUnfolded(event.currentTarget.open)}
        >
          <summary>Model, steps, guidance, seed</summary>
          <div className="fold-body">
            <TextField
              label="Negative prompt"
              field="negative_prompt"
              rows={2}
              placeholder="what should not appear"
            />
            <ModelField />
            <MachineNote />
            <div className="numbers">
              <NumberField
                label="Steps"
                field="num_inference_steps"
                {...limits.steps}
                step={1}
                placeholder={String(limits.steps.default)}
              />
              <NumberField
                label="Guidance scale"
                shortLabel="Guidance"
                field="guidance_scale"
                {...limits.guidance}
                step="any"
                placeholder={String(limits.guidance.default)}
              />
              <NumberField label="Seed" field="seed" {...limits.seed} step={1} placeholder="random" />
            </div>
            <SuitedLine />
            <SeedLine />
            {settings}
          </div>
        </details>
      </div>
      <div className="side-dock">
        {dock}
        <div className="go-line">
          <button type="button" className="go" disabled={running} onClick={() => void session.generate()}>
            <Sparkles size={18} strokeWidth={1.9} aria-hidden />
            Generate
            <kbd aria-hidden>{keysOf('generate')}</kbd>
          </button>
          <CancelButton />
        </div>
      </div>
    </aside>
  );
}

/** Plainly, where it concerns how long one waits: no WebGPU, say. */
function MachineNote() {
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

/** Which settings the model brought, or would bring, and the way back. */
function SuitedLine() {
  const { suited } = useSession();
  const note = useStore(suited.store, (state) => state.note);
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

/** The seed that chance drew last, to use again; the line keeps its place while there is none. */
function SeedLine() {
  const session = useSession();
  const lastSeed = useJob((state) => state.lastSeed);
  const seed = useSettings((state) => state.seed);
  if (seed !== '') {
    return (
      <p className="seed-line">
        Same seed, same picture.
        <button type="button" className="link" onClick={() => session.change({ seed: '' })}>
          <Dices size={14} aria-hidden /> Random
        </button>
      </p>
    );
  }
  if (lastSeed === null) return <p className="seed-line">Each run draws its own seed.</p>;
  return (
    <p className="seed-line">
      <span className="tabular">Last: {lastSeed}</span>
      <button type="button" className="link" onClick={() => session.change({ seed: String(lastSeed) })}>
        <History size={14} aria-hidden /> Use again
      </button>
    </p>
  );
}
