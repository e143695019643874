/** How a run begins and what of the picture it sees; what the hosted API lacks is disabled while that paints. */
import { Switch } from 'radix-ui';
import { useId } from 'react';
import type { MaskContent } from '../../image/maskContent';
import { contentIdle, limits, type Settings, schedulerNames } from '../../state/settings/settings';
import { useSession, useSettings } from '../base/context';
import { NumberField } from '../controls/Field';
import { useHostedOn } from '../hosted/useHosted';

const contents: readonly [MaskContent, string][] = [
  ['original', 'The picture itself'],
  ['blur', 'The picture, blurred'],
  ['border', 'Colours of the border'],
  ['noise', 'Noise'],
];

/** Thirty in one list are too many to look through. */
function schedulerGroup(name: string): string {
  if (name.startsWith('DPM')) return 'DPM and DPM++';
  return name === 'LCM' || name === 'TCD' ? 'For few steps' : 'Others';
}
const schedulers: readonly Choice<Settings['scheduler']>[] = [
  ['', 'The model’s own'],
  ...schedulerNames.map((name): Choice<typeof name> => [name, name, schedulerGroup(name)]),
];

export function RunFields() {
  const hosted = useHostedOn();
  const reason = hosted ? 'The hosted API always repaints at strength 1.' : undefined;
  return (
    <>
      <div className="numbers">
        <NumberField
          label="Variations"
          field="variations"
          {...limits.variations}
          step={1}
          placeholder={String(limits.variations.default)}
        />
        <NumberField
          label="Crop padding"
          shortLabel="Padding"
          field="crop_padding"
          {...limits.padding}
          step={8}
          placeholder="auto"
        />
        <NumberField label="Feather" field="feather" {...limits.feather} step={1} placeholder="auto" />
      </div>
      <ColourMatchField />
      <div className="numbers numbers-wide">
        <NumberField
          label="Strength"
          field="strength"
          min={0.05}
          max={limits.strength.max}
          step={0.05}
          placeholder={String(limits.strength.default)}
          disabledFor={reason}
        />
        <ContentField disabledFor={reason} />
      </div>
      <SchedulerField disabledFor={hosted ? 'The hosted API chooses its own scheduler.' : undefined} />
    </>
  );
}

function ColourMatchField() {
  const session = useSession();
  const matches = useSettings((state) => state.colour_match);
  const id = useId();
  return (
    <div className="field">
      <div className="field-switch">
        <label htmlFor={id}>Match colours</label>
        <Switch.Root
          id={id}
          className="switch"
          checked={matches}
          aria-describedby={`${id}-note`}
          onCheckedChange={(colour_match) => session.change({ colour_match })}
        >
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
      </div>
      <p id={`${id}-note`} className="field-note">
        Moves the answer’s colours to the picture’s at the mask’s border.
      </p>
    </div>
  );
}

function SchedulerField({ disabledFor }: { disabledFor: string | undefined }) {
  const session = useSession();
  const scheduler = useSettings((state) => state.scheduler);
  return (
    <SelectField
      label="Scheduler"
      value={scheduler}
      choices={schedulers}
      note="How the steps are taken. A LoRA for few steps says which it wants: LCM or TCD."
      disabledFor={disabledFor}
      onChange={(scheduler) => session.change({ scheduler })}
    />
  );
}

function ContentField({ disabledFor }: { disabledFor: string | undefined }) {
  const session = useSession();
  const content = useSettings((state) => state.mask_content);
  const idle = useSettings(contentIdle);
  return (
    <SelectField
      label="Mask content"
      value={content}
      choices={contents}
      note="What the run begins from."
      disabledFor={disabledFor ?? idle ?? undefined}
      onChange={(mask_content) => session.change({ mask_content })}
    />
  );
}

type Choice<Value extends string> = readonly [value: Value, name: string, group?: string];

function SelectField<Value extends string>({
  label,
  value,
  choices,
  note,
  disabledFor,
  onChange,
}: {
  label: string;
  value: Value;
  choices: readonly Choice<Value>[];
  note: string;
  /** Why it cannot be set: shown in place of the note. */
  disabledFor: string | undefined;
  onChange(value: Value): void;
}) {
  const id = useId();
  return (
    <div className="field">
      <div className="field-head">
        <label htmlFor={id}>{label}</label>
      </div>
      <select
        id={id}
        value={value}
        disabled={disabledFor !== undefined}
        title={disabledFor}
        aria-describedby={`${id}-note`}
        onChange={({ target }) => {
          const chosen = choices.find(([value]) => value === target.value);
          if (chosen) onChange(chosen[0]);
        }}
      >
        {[...new Set(choices.map(([, , group]) => group))].map((group) => {
          const options = choices
            .filter(([, , own]) => own === group)
            .map(([value, name]) => (
              <option key={value} value={value}>
                {name}
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
      <p id={`${id}-note`} className="field-note">
        {disabledFor ?? note}
      </p>
    </div>
  );
}
