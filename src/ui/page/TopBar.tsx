/** The top bar: opening, undo, where runs happen, dialogs, theme. */
import { CircleQuestionMark, FolderOpen, Moon, Sun } from 'lucide-react';
import { Popover } from 'radix-ui';
import { statusDetail, statusExplanation, statusLabel } from '../../state/models/deviceStatus';
import { STARTER } from '../../state/models/modelCatalogue';
import { useEngineStatus, useModelState, useSettings } from '../base/context';
import type { Theme } from '../base/theme';
import { usePhone } from '../base/useNarrow';
import { CommandButton } from '../commands/CommandButton';
import { useCommand } from '../commands/useCommand';
import { IconButton } from '../controls/IconButton';
import { Tooltip } from '../controls/Tooltip';
import { OpenMenu } from '../files/OpenMenu';
import { HostedSwitch } from '../hosted/HostedSwitch';
import { useHostedNote, useHostedState } from '../hosted/useHosted';
import { PageMenu } from './PageMenu';
import { dialogs } from './panels';
import './topBar.css';

export interface TopBarProps {
  theme: Theme;
  onTheme(): void;
  /** @param id of the dialog to open */
  onDialog(id: string): void;
}

export function TopBar({ theme, onTheme, onDialog }: TopBarProps) {
  const open = useCommand('open');
  const help = useCommand('help');
  const phone = usePhone();
  const actions = [
    ...dialogs.map(({ id, name, icon }) => ({ name, icon, onPress: () => onDialog(id) })),
    theme === 'dark'
      ? { name: 'Light theme', icon: Sun, onPress: onTheme }
      : { name: 'Dark theme', icon: Moon, onPress: onTheme },
    { name: help.label, icon: CircleQuestionMark, keys: help.keys, onPress: help.run },
  ];
  return (
    <header className="top">
      <h1 className="brand">
        <Mark />
        <span>Inlay</span>
      </h1>
      <button type="button" className="button" aria-label={open.label} onClick={open.run}>
        <FolderOpen size={16} strokeWidth={1.8} aria-hidden />
        <span>
          Open<span className="wide-text"> image</span>
        </span>
      </button>
      <OpenMenu />
      <div className="group">
        <CommandButton id="undo" />
        <CommandButton id="redo" />
      </div>
      <span className="spacer" />
      <StatusPill />
      <HostedSwitch />
      {phone ? (
        <PageMenu actions={actions} />
      ) : (
        actions.map((action) => <IconButton key={action.name} {...action} />)
      )}
    </header>
  );
}

function StatusPill() {
  const { tone, label, explanation, detail } = useWhere();
  return (
    <Popover.Root>
      <Tooltip text={detail === null ? explanation : `${explanation} ${detail}`}>
        <Popover.Trigger asChild>
          <button type="button" className="pill" data-tone={tone}>
            <i aria-hidden />
            <StatusText label={label} />
            <span className="sr-only">
              . {explanation} {detail}
            </span>
          </button>
        </Popover.Trigger>
      </Tooltip>
      <Popover.Portal>
        {/* For touch, which has no hover. */}
        <Popover.Content
          className="popover status-popover"
          sideOffset={8}
          collisionPadding={8}
          aria-label="Where runs happen"
        >
          <b>{label}</b>
          <p>{explanation}</p>
          {detail !== null && <p className="tabular">{detail}</p>}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** Where the next run happens, and whether it needs a network. */
function useWhere(): {
  tone: 'unknown' | 'good' | 'fair';
  label: string;
  explanation: string;
  /** In technical terms. */
  detail: string | null;
} {
  const status = useEngineStatus();
  const sent = useHostedNote();
  const ownServer = useHostedState((state) => state.server);
  const name = useSettings((state) => state.model_name.trim());
  const isHere = useModelState(
    ({ kept }) =>
      name === STARTER || kept?.some((model) => model.name === name && model.unfinished === undefined),
  );
  if (sent !== null) {
    const label = ownServer ? 'Your server' : 'fal.ai · needs internet';
    return { tone: 'fair', label, explanation: sent, detail: null };
  }
  const tone = status === null ? 'unknown' : status.provider === 'webgpu' && !status.note ? 'good' : 'fair';
  const label = statusLabel(status);
  return {
    tone,
    label: status && isHere ? `${label} · works offline` : label,
    explanation: statusExplanation(status),
    detail: statusDetail(status),
  };
}

/** Narrow screens show only its first part. */
function StatusText({ label }: { label: string }) {
  const [first, ...details] = label.split(' · ');
  return (
    <span className="tabular">
      {first}
      {details.length > 0 && <span className="wide-text"> · {details.join(' · ')}</span>}
    </span>
  );
}

/** The logo: a square with a piece set into its corner. */
function Mark() {
  return (
    <svg
      width="22"
      height="22"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      aria-hidden="true"
    >
      <rect x="3" y="3" width="18" height="18" rx="4.5" />
      <path d="M21 12h-5a4 4 0 0 0-4 4v5h4.5a4.5 4.5 0 0 0 4.5-4.5z" fill="currentColor" stroke="none" />
    </svg>
  );
}
