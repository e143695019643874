/** “More settings”: options that most runs leave alone, folded until they are wanted; the fold says how many are set. */
import { useState } from 'react';
import { controlLines } from '../../state/settings/controls';
import { changedMoreSettings, moreSettings } from '../../state/settings/settings';
import { useRun, useSettings } from '../base/context';
import { readPreference, writePreference } from '../base/preferences';
import { EmbeddingField } from '../models/EmbeddingField';
import { LoraField } from '../models/LoraField';
import { ControlLines } from './OptionField';
import './advancedSettings.css';

const KEY = 'inlay.moreSettings';
const lines = controlLines('more');

export function AdvancedSettings() {
  const changed = useSettings(changedMoreSettings);
  // An error at a folded field unfolds it.
  const hasError = useRun(({ fieldErrors }) =>
    moreSettings.some((field) => fieldErrors[field] !== undefined),
  );
  const [unfolded, setUnfolded] = useState(() => readPreference(KEY) === 'open');
  return (
    <details
      className="more"
      open={unfolded || hasError}
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
        <ControlLines
          lines={lines}
          list={(field) => (field === 'loras' ? <LoraField key={field} /> : <EmbeddingField key={field} />)}
        />
      </div>
    </details>
  );
}
