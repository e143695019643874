/** What most runs need not touch, folded away until it is wanted; how much of it is set stands on the fold. */
import { useState } from 'react';
import { changedMoreSettings, moreSettings } from '../../state/settings/settings';
import { useJob, useSettings } from '../base/context';
import { readPreference, writePreference } from '../base/preferences';
import { EmbeddingField } from '../models/EmbeddingField';
import { LoraField } from '../models/LoraField';
import { RunFields } from './RunFields';
import './moreFields.css';

const KEY = 'inlay.moreSettings';

export function MoreFields() {
  const changed = useSettings(changedMoreSettings);
  // A complaint about a folded field unfolds it.
  const complaint = useJob(({ fieldErrors }) =>
    moreSettings.some((field) => fieldErrors[field] !== undefined),
  );
  const [unfolded, setUnfolded] = useState(() => readPreference(KEY) === 'open');
  return (
    <details
      className="more"
      open={unfolded || complaint}
      onToggle={({ currentTarget: { open } }) => {
        setUnfolded(open);
        writePreference(KEY, open ? 'open' : 'folded');
      }}
    >
      <summary>
        <span>More settings</span>
        <span className="more-changed">
          {changed === 0 ? 'variations, LoRAs, embeddings' : `${changed} changed`}
        </span>
      </summary>
      <div className="fold-body">
        <RunFields />
        <LoraField />
        <EmbeddingField />
      </div>
    </details>
  );
}
