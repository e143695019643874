/** A labelled field of the panel, with its error below it. */
import { type ReactNode, useId } from 'react';
import type { TextSetting } from '../../state/settings/controls';
import type { SettingsField } from '../../state/settings/settings';
import { useRun, useSession, useSettings } from '../base/context';
import './field.css';

interface FieldProps {
  label: string;
  /** Shown instead of the label if there is little room; the accessible name stays. */
  shortLabel?: string | undefined;
  aside?: ReactNode;
  field: SettingsField;
  children(attributes: FieldAttributes): ReactNode;
}

export interface FieldAttributes {
  id: string;
  'aria-invalid': boolean | undefined;
  'aria-describedby': string | undefined;
}

export function Field({ label, shortLabel, aside, field, children }: FieldProps) {
  const id = useId();
  const error = useRun((state) => state.fieldErrors[field]);
  const errorId = `${id}-error`;
  return (
    <div className="field">
      <div className="field-head">
        <label htmlFor={id}>
          {shortLabel ? (
            <>
              <span aria-hidden>{shortLabel}</span>
              <span className="sr-only">{label}</span>
            </>
          ) : (
            label
          )}
        </label>
        {aside}
      </div>
      {children({
        id,
        'aria-invalid': error === undefined ? undefined : true,
        'aria-describedby': error === undefined ? undefined : errorId,
      })}
      {error !== undefined && (
        <p className="field-error" id={errorId} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

export function TextField({
  label,
  field,
  placeholder,
  rows,
}: {
  label: string;
  field: 'prompt' | 'negative_prompt';
  placeholder: string;
  rows: number;
}) {
  const session = useSession();
  const value = useSettings((state) => state[field]);
  return (
    <Field label={label} field={field}>
      {(attributes) => (
        <textarea
          {...attributes}
          rows={rows}
          value={value}
          placeholder={placeholder}
          spellCheck
          onChange={(event) => session.change({ [field]: event.target.value })}
        />
      )}
    </Field>
  );
}

export function NumberField({
  label,
  shortLabel,
  field,
  min,
  max,
  step,
  placeholder,
  aside,
  note,
  disabledFor,
}: {
  label: string;
  shortLabel?: string | undefined;
  field: TextSetting;
  min: number;
  max: number;
  step: number | 'any';
  placeholder: string;
  aside?: ReactNode;
  /** A line beneath it. */
  note?: string | undefined;
  /** Why it cannot be set. */
  disabledFor?: string | undefined;
}) {
  const session = useSession();
  const value = useSettings((state) => state[field]);
  return (
    <Field label={label} shortLabel={shortLabel} field={field} aside={aside}>
      {(attributes) => (
        <>
          <input
            {...attributes}
            type="number"
            disabled={disabledFor !== undefined}
            title={disabledFor}
            inputMode={step === 'any' ? 'decimal' : 'numeric'}
            className="tabular"
            min={min}
            max={max}
            step={step}
            value={value}
            placeholder={placeholder}
            onChange={(event) => session.change({ [field]: event.target.value })}
          />
          {note !== undefined && <p className="field-note">{note}</p>}
        </>
      )}
    </Field>
  );
}
