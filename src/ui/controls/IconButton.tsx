/** A square button with an icon, a name and a tooltip. */
import type { LucideIcon } from 'lucide-react';
import { Tooltip, type TooltipProps } from './Tooltip';
import './iconButton.css';

export interface IconButtonProps {
  name: string;
  icon: LucideIcon;
  onPress(): void;
  keys?: string;
  tip?: string;
  side?: TooltipProps['side'];
  disabled?: boolean;
  /** For buttons that stay pressed. */
  pressed?: boolean;
  /** A word below the icon: part of `name`, so that voice control finds it. */
  label?: string;
}

export function IconButton({
  name,
  icon: Icon,
  onPress,
  keys,
  tip,
  side,
  disabled,
  pressed,
  label,
}: IconButtonProps) {
  return (
    <Tooltip text={tip ?? name} keys={keys} side={side}>
      <button
        type="button"
        className="icon-button"
        data-labelled={label !== undefined || undefined}
        aria-label={name}
        aria-pressed={pressed}
        disabled={disabled}
        onClick={onPress}
      >
        <Icon size={18} strokeWidth={1.8} aria-hidden />
        {label && <span className="icon-label">{label}</span>}
      </button>
    </Tooltip>
  );
}
