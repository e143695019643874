/** Buttons of commands. */
import { IconButton, type IconButtonProps } from '../controls/IconButton';
import type { IconCommandId } from './index';
import { useCommand } from './useCommand';

export interface CommandButtonProps {
  id: IconCommandId;
  side?: IconButtonProps['side'];
  /** Whether the command's word is shown beneath the icon. */
  hasWord?: boolean;
}

/** An icon, with the command's name and keys in its tooltip. */
export function CommandButton({ id, side, hasWord = false }: CommandButtonProps) {
  const { label, word, icon, keys, tip, isEnabled, isPressed, isToggle, run } = useCommand(id);
  if (!icon) throw new Error(`the command ${id} has no icon`);
  return (
    <IconButton
      name={label}
      label={hasWord ? word : undefined}
      icon={icon}
      keys={keys}
      tip={tip}
      side={side}
      disabled={!isEnabled}
      pressed={isToggle ? isPressed : undefined}
      onPress={run}
    />
  );
}

/** A line of a menu: icon, name and keys. */
export function CommandLine({ id }: { id: IconCommandId }) {
  const { label, icon: Icon, keys, isEnabled, run } = useCommand(id);
  return (
    <button type="button" className="menu-button" disabled={!isEnabled} onClick={run}>
      {Icon && <Icon size={16} strokeWidth={1.8} aria-hidden />}
      <span>{label}</span>
      <kbd aria-hidden>{keys}</kbd>
    </button>
  );
}
