/** What can be done with the version shown; beside the image, never over it. */
import { Columns2, Eye, GitCompareArrows, PencilLine, Square, X } from 'lucide-react';
import type { Version } from '../../../state/pictures/versions';
import { useSession, useVersions } from '../../base/context';
import { useNarrow } from '../../base/useNarrow';
import { keysOf } from '../../commands/keyCombinations';
import { useCommand } from '../../commands/useCommand';
import { IconButton } from '../../controls/IconButton';
import { Tooltip } from '../../controls/Tooltip';
import { useComparison } from './comparison';
import './resultActions.css';

export function ResultActions({ version }: { version: Version }) {
  const { before, held, onHold, withOriginal, onWithOriginal } = useComparison();
  const session = useSession();
  const canStandBeside = !useNarrow();
  const isBase = useVersions((state) => state.baseId === version.id);
  const placement = useVersions((state) => state.placement);
  const ofOriginal = version.parentId === null || version.parentId === 0;
  return (
    <div className="result-actions" role="toolbar" aria-label="This version">
      {canStandBeside && (
        <IconButton
          name={placement === 'canvas' ? 'Beside the canvas' : 'On the canvas'}
          icon={placement === 'canvas' ? Columns2 : Square}
          side="top"
          onPress={() => session.place(placement === 'canvas' ? 'beside' : 'canvas')}
        />
      )}
      {!ofOriginal && (
        <IconButton
          name="Compare with the original"
          icon={GitCompareArrows}
          side="top"
          pressed={withOriginal}
          onPress={() => onWithOriginal(!withOriginal)}
        />
      )}
      {before && <HoldButton held={held} onHold={onHold} />}
      {!isBase && <ContinueButton />}
      <IconButton name="Close" icon={X} side="top" onPress={() => session.show(null)} />
    </div>
  );
}

function ContinueButton() {
  const { label, tip, keys, run } = useCommand('continueFrom');
  return (
    <Tooltip text={tip} keys={keys} side="top">
      <button type="button" className="button" aria-label={label} onClick={run}>
        <PencilLine size={16} strokeWidth={1.8} aria-hidden />
        <span className="action-word">Continue</span>
      </button>
    </Tooltip>
  );
}

function HoldButton({ held, onHold }: { held: boolean; onHold(held: boolean): void }) {
  const hold = () => onHold(true);
  const release = () => onHold(false);
  return (
    <button
      type="button"
      className="icon-button"
      aria-label="Compare, hold"
      title={`Hold to compare with the previous version (${keysOf('compare')})`}
      aria-pressed={held}
      onPointerDown={hold}
      onPointerUp={release}
      onPointerCancel={release}
      onPointerLeave={release}
      onKeyDown={(event) => (event.key === ' ' || event.key === 'Enter') && hold()}
      onKeyUp={release}
    >
      <Eye size={18} strokeWidth={1.8} aria-hidden />
    </button>
  );
}
