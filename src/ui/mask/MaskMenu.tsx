/** What can be done with the mask as a whole. */
import {
  BoxSelect,
  Download,
  Feather,
  Grid2x2,
  type LucideIcon,
  Maximize2,
  Minimize2,
  PaintBucket,
  SquareDashed,
  Upload,
} from 'lucide-react';
import { Popover } from 'radix-ui';
import type { ReactNode } from 'react';
import { MAX_EDGE_RADIUS } from '../../image/edges';
import { useEditor, useSession } from '../base/context';
import { BarSlider } from '../controls/BarSlider';
import { Tooltip } from '../controls/Tooltip';
import { type CommandId, keysOf } from '../page/commands';
import { pickMask, saveMask } from './maskFile';

/** A button of the stage's bar that opens a panel. */
export function BarPanel({
  name,
  label,
  icon: Icon,
  children,
}: {
  name: string;
  /** A word beneath the icon, a part of `name`. */
  label: string;
  icon: LucideIcon;
  children: ReactNode;
}) {
  return (
    <Popover.Root>
      <Tooltip text={name} side="top">
        <Popover.Trigger asChild>
          <button type="button" className="icon-button" data-labelled aria-label={name}>
            <Icon size={18} strokeWidth={1.8} aria-hidden />
            <span className="icon-label">{label}</span>
          </button>
        </Popover.Trigger>
      </Tooltip>
      <Popover.Portal>
        <Popover.Content
          className="popover"
          side="top"
          sideOffset={10}
          collisionPadding={8}
          aria-label={name}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

export function MaskMenu() {
  const session = useSession();
  const { editor } = session;
  const hasPicture = useEditor((state) => state.picture !== null);
  const hasMask = useEditor((state) => state.maskBounds.width > 0);
  const working = useEditor((state) => state.working !== null);
  const radius = useEditor((state) => state.edgeRadius);
  return (
    <BarPanel name="Mask menu" label="Mask" icon={SquareDashed}>
      <h2>Edge</h2>
      <BarSlider
        label="By"
        name="Pixels to grow, shrink or feather by"
        min={1}
        max={MAX_EDGE_RADIUS}
        value={radius}
        text={`${radius} px`}
        onChange={(edgeRadius) => editor.setOptions({ edgeRadius })}
      />
      <div className="popover-row">
        {(
          [
            ['grow', 'Grow', Maximize2],
            ['shrink', 'Shrink', Minimize2],
            ['feather', 'Feather', Feather],
          ] as const
        ).map(([edge, name, icon]) => (
          <MenuButton
            key={edge}
            name={name}
            icon={icon}
            command={edge}
            disabled={!hasMask || working}
            onPress={() => void editor.edge(edge)}
          />
        ))}
      </div>
      <h2>Mask</h2>
      <MenuButton
        name="Mask everything"
        icon={PaintBucket}
        command="fill"
        disabled={!hasPicture}
        onPress={editor.fill}
      />
      <MenuButton
        name="Mask from transparency"
        icon={Grid2x2}
        command="transparency"
        disabled={!hasPicture || working}
        onPress={() => void editor.fromTransparency()}
      />
      <MenuButton
        name="Import mask"
        icon={Upload}
        command="importMask"
        disabled={!hasPicture || working}
        onPress={() => pickMask(session)}
      />
      <MenuButton
        name="Save mask"
        icon={Download}
        command="saveMask"
        disabled={!hasPicture}
        onPress={() => void saveMask(session)}
      />
      <p className="popover-note">
        <BoxSelect size={14} aria-hidden /> PNG, white on black, the picture’s size
      </p>
    </BarPanel>
  );
}

function MenuButton({
  name,
  icon: Icon,
  command,
  disabled,
  onPress,
}: {
  name: string;
  icon: LucideIcon;
  command: CommandId;
  disabled: boolean;
  onPress(): void;
}) {
  return (
    <button type="button" className="menu-button" disabled={disabled} onClick={onPress}>
      <Icon size={16} strokeWidth={1.8} aria-hidden />
      <span>{name}</span>
      <kbd aria-hidden>{keysOf(command)}</kbd>
    </button>
  );
}
