/** What most runs need not touch, folded away; how much of it is set stands on the fold. */
import { useState } from 'react';
import { changedMoreSettings, moreSettings } from '../state/settings';
import { useJob, useSettings } from './context';
import { LoraField } from './LoraField';
import { RunFields } from './RunFields';

export function MoreFields() {
  const changed = useSettings(changedMoreSettings);
  // A complaint about a folded field unfolds it.
  const complaint = useJob(({ fieldErrors }) =>
    moreSettings.some((field) => fieldErrors[field] !== undefined),
  );
  const [unfolded, setUnfolded] = useState(false);
  return (
    <details
      className="more"
      open={unfolded || complaint}
      onToggle={(event) => setUnfolded(event.currentTarget.open)}
    >
      <summary>
        <span>More settings</span>
        <span className="more-changed">
          {changed === 0 ? 'variations, strength, LoRAs' : `${changed} changed`}
        </span>
      </summary>
      <div className="fold-body">
        <RunFields />
        <LoraField />
      </div>
    </details>
  );
}
