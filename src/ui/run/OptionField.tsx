/** The standard controls of run options: number, switch and choice, made from the option's row. */
import { Switch } from 'radix-ui';
import { type ReactNode, useId } from 'react';
import type { ChoiceControl, ControlLine, OptionControl, ToggleControl } from '../../state/settings/controls';
import { idleReason } from '../../state/settings/settings';
import { useRun, useSession, useSettings } from '../base/context';
import { Field, NumberField } from '../controls/Field';
import { useHostedOn } from '../hosted/useHosted';

/** @param list renders options for which no standard control fits */
export function ControlLines({
  lines,
  list,
}: {
  lines: readonly ControlLine[];
  list?: (field: 'loras' | 'embeddings') => ReactNode;
}) {
  return lines.map(({ width, controls }) => {
    const fields = controls.map((control) =>
      control.kind === 'list' ? list?.(control.field) : <OptionField key={control.field} control={control} />,
    );
    const key = controls[0]?.field;
    if (width === 'full') return fields;
    return (
      <div key={key} className={width === 'half' ? 'numbers numbers-wide' : 'numbers'}>
        {fields}
      </div>
    );
  });
}

function OptionField({ control }: { control: Exclude<OptionControl, { kind: 'list' }> }) {
  const hosted = useHostedOn();
  const idle = useSettings((state) => idleReason(state, control.field));
  const disabledFor = (hosted ? control.hostedReason : undefined) ?? idle ?? undefined;
  switch (control.kind) {
    case 'number':
      return <NumberField {...control} disabledFor={disabledFor} />;
    case 'toggle':
      return <ToggleField control={control} disabledFor={disabledFor} />;
    case 'choice':
      return <ChoiceField control={control} disabledFor={disabledFor} />;
    default:
      throw new TypeError(`unknown control ${control satisfies never}`);
  }
}

function ToggleField({
  control: { field, label, note },
  disabledFor,
}: {
  control: ToggleControl;
  disabledFor: string | undefined;
}) {
  const session = useSession();
  const checked = useSettings((state) => state[field]);
  const error = useRun((state) => state.fieldErrors[field]);
  const id = useId();
  return (
    <div className="field">
      <div className="field-switch">
        <label htmlFor={id}>{label}</label>
        <Switch.Root
          id={id}
          className="switch"
          checked={checked}
          disabled={disabledFor !== undefined}
          title={disabledFor}
          aria-invalid={error === undefined ? undefined : true}
          aria-describedby={`${id}-note`}
          onCheckedChange={(checked) => session.change({ [field]: checked })}
        >
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
      </div>
      <p id={`${id}-note`} className={error === undefined ? 'field-note' : 'field-error'}>
        {error ?? disabledFor ?? note}
      </p>
    </div>
  );
}

function ChoiceField({
  control: { field, label, shortLabel, note, choices },
  disabledFor,
}: {
  control: ChoiceControl;
  disabledFor: string | undefined;
}) {
  const session = useSession();
  const value = useSettings((state) => state[field]);
  const noteId = useId();
  const groups = [...new Set(choices.map(({ group }) => group))];
  return (
    <Field label={label} shortLabel={shortLabel} field={field}>
      {({ 'aria-describedby': errorId, ...attributes }) => (
        <>
          <select
            {...attributes}
            value={value}
            disabled={disabledFor !== undefined}
            title={disabledFor}
            aria-describedby={errorId === undefined ? noteId : `${errorId} ${noteId}`}
            onChange={({ target }) => session.change({ [field]: target.value })}
          >
            {groups.map((group) => {
              const options = choices
                .filter((choice) => choice.group === group)
                .map(({ value, label }) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ));
              return group === undefined ? (
                options
              ) : (
                <optgroup key={group} label={group}>
                  {options}
                </optgroup>
              );
            })}
          </select>
          <p id={noteId} className="field-note">
            {disabledFor ?? note}
          </p>
        </>
      )}
    </Field>
  );
}
