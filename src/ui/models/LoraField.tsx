/** The LoRAs to merge into the model, each with its weight; none at first. */
import { X } from 'lucide-react';
import { useId } from 'react';
import { emptyLora, type LoraSetting } from '../../state/settings/loras';
import { useRun, useSession, useSettings } from '../base/context';
import { useHostedOn } from '../hosted/useHosted';
import { AddOnButtons } from './AddOnButtons';
import './loraField.css';

export function LoraField() {
  const session = useSession();
  const hosted = useHostedOn();
  const loras = useSettings((state) => state.loras);
  const error = useRun((state) => state.fieldErrors.loras);
  const id = useId();

  const set = (next: readonly LoraSetting[]) => session.change({ loras: next });
  const edit = (index: number, change: Partial<LoraSetting>) =>
    set(loras.map((lora, i) => (i === index ? { ...lora, ...change } : lora)));

  return (
    <fieldset className="field loras" disabled={hosted}>
      <legend className="field-head">LoRAs</legend>
      {loras.map((lora, index) => (
        <div key={lora.id} className="lora">
          {typeof lora.source === 'string' ? (
            <input
              aria-label={`LoRA ${index + 1}`}
              aria-invalid={error === undefined ? undefined : true}
              aria-describedby={error === undefined ? undefined : `${id}-error`}
              value={lora.source}
              spellCheck={false}
              autoComplete="off"
              autoCapitalize="none"
              placeholder="owner/name or URL"
              onChange={(event) => edit(index, { source: event.target.value })}
            />
          ) : (
            <span className="lora-file" title={lora.source.name}>
              {lora.source.name}
            </span>
          )}
          <input
            aria-label={`Weight of LoRA ${index + 1}`}
            type="number"
            inputMode="decimal"
            className="tabular"
            step="any"
            min={-10}
            max={10}
            value={lora.weight}
            placeholder="1"
            onChange={(event) => edit(index, { weight: event.target.value })}
          />
          <button
            type="button"
            className="link"
            aria-label={`Remove LoRA ${index + 1}`}
            onClick={() => set(loras.filter((_, i) => i !== index))}
          >
            <X size={16} aria-hidden />
          </button>
        </div>
      ))}
      <AddOnButtons
        what="LoRA"
        accept=".safetensors,.bin,.pt,.ckpt"
        onAdd={(source) => set([...loras, { ...emptyLora(), source }])}
      />
      {hosted ? (
        <p className="lora-note">The hosted API doesn’t support LoRAs.</p>
      ) : (
        loras.length > 0 && (
          <p className="lora-note">
            Applied on this device at the next run. The stored model stays unchanged.
          </p>
        )
      )}
      {error !== undefined && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
