/**
 * The panels of the page and where each one is. A new panel is its component, its style sheet and a row here; what it
 * knows comes from a store in `state/`.
 */
import { Images, type LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';
import { GalleryDialog } from '../gallery/GalleryDialog';
import { RestoreNotices } from '../gallery/RestoreNotices';
import { HostedPanel } from '../hosted/HostedPanel';
import { DownloadQuestion } from '../models/DownloadQuestion';
import { AdvancedSettings } from '../run/AdvancedSettings';
import { CodeButton } from '../run/CodeDialog';
import { RunAlert, RunCard } from '../run/RunCard';
import { OfflineNote } from './OfflineNote';

/** Over the image; below the prompt; at the end of the settings; above the Generate button. Rows appear in their order. */
type Placement = 'notices' | 'prompt' | 'settings' | 'dock';

interface Panel {
  id: string;
  placement: Placement;
  Panel: ComponentType;
}

const panels: readonly Panel[] = [
  { id: 'restore', placement: 'notices', Panel: RestoreNotices },
  { id: 'offline', placement: 'notices', Panel: OfflineNote },
  { id: 'hosted', placement: 'prompt', Panel: HostedPanel },
  { id: 'more', placement: 'settings', Panel: AdvancedSettings },
  { id: 'code', placement: 'settings', Panel: CodeButton },
  { id: 'run-alert', placement: 'dock', Panel: RunAlert },
  { id: 'run', placement: 'dock', Panel: RunCard },
  { id: 'download', placement: 'dock', Panel: DownloadQuestion },
];

export function PanelsAt({ placement }: { placement: Placement }) {
  return panels.filter((row) => row.placement === placement).map(({ id, Panel }) => <Panel key={id} />);
}

interface DialogPanel {
  id: string;
  /** Of its button. */
  name: string;
  icon: LucideIcon;
  Panel: ComponentType<{ open: boolean; onOpenChange(open: boolean): void }>;
}

/** Dialogs that a button in the top bar opens; on phones they are in its menu. */
export const dialogs: readonly DialogPanel[] = [
  { id: 'gallery', name: 'Gallery', icon: Images, Panel: GalleryDialog },
];
