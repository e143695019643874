/** The last controls of the top bar behind one button, for phones. */
import { Ellipsis, type LucideIcon } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useRef } from 'react';

export interface PageAction {
  name: string;
  icon: LucideIcon;
  onPress(): void;
}

export function PageMenu({ actions }: { actions: readonly PageAction[] }) {
  const trigger = useRef<HTMLButtonElement>(null);
  const chosen = useRef<PageAction>(null);
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <button ref={trigger} type="button" className="icon-button" aria-label="More">
          <Ellipsis size={18} strokeWidth={1.8} aria-hidden />
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          className="popover menu"
          align="end"
          sideOffset={8}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            // A dialog returns the focus to what had it when the dialog opened: this button, not the menu.
            event.preventDefault();
            trigger.current?.focus();
            chosen.current?.onPress();
            chosen.current = null;
          }}
        >
          {actions.map((action) => (
            <DropdownMenu.Item
              key={action.name}
              className="menu-button"
              onSelect={() => {
                chosen.current = action;
              }}
            >
              <action.icon size={16} strokeWidth={1.8} aria-hidden />
              <span>{action.name}</span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
