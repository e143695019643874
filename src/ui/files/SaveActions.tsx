/** What is on the canvas, to the clipboard or as a file: always in this place, whatever it is. */
import { Check, ChevronDown, Copy, Download } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { useEffect, useState } from 'react';
import { useStore } from 'zustand';
import { useApp, useEditor } from '../base/context';
import { keysOf } from '../commands/keyCombinations';
import { IconButton } from '../controls/IconButton';
import { Tooltip } from '../controls/Tooltip';
import './saveActions.css';

/** How long the button says that it has copied. */
const COPIED_MS = 2000;

export function SaveActions() {
  const { saving } = useApp();
  const { copies, busy } = useStore(saving.store);
  const ready = useEditor((state) => state.picture !== null);
  const copied = useJustNow(copies);
  return (
    <div className="save-actions" role="toolbar" aria-label="Copy and download">
      <IconButton
        name="Copy"
        icon={copied ? Check : Copy}
        tip="Copy the image"
        keys={keysOf('copy')}
        side="top"
        disabled={!ready || busy === 'copy'}
        onPress={() => void saving.copy()}
      />
      <Tooltip text="Download as PNG" keys={keysOf('download')} side="top">
        <button
          type="button"
          className="button save"
          aria-label="Download"
          disabled={!ready}
          onClick={() => void saving.download()}
        >
          <Download size={16} strokeWidth={1.8} aria-hidden />
          <span className="save-word">Download</span>
        </button>
      </Tooltip>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <button type="button" className="button save-more" aria-label="Download as" disabled={!ready}>
            <ChevronDown size={16} strokeWidth={1.8} aria-hidden />
          </button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content
            className="popover menu"
            side="top"
            align="end"
            sideOffset={8}
            collisionPadding={8}
          >
            {kinds.map(({ type, name, about }) => (
              <DropdownMenu.Item
                key={type}
                className="menu-button"
                onSelect={() => void saving.download(type)}
              >
                <span>
                  {name} <small>{about}</small>
                </span>
              </DropdownMenu.Item>
            ))}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      <span className="sr-only" role="status">
        {copied && 'Copied'}
      </span>
    </div>
  );
}

const kinds = [
  { type: 'image/png', name: 'PNG', about: 'lossless' },
  { type: 'image/jpeg', name: 'JPEG', about: 'small, no transparency' },
  { type: 'image/webp', name: 'WebP', about: 'small' },
] as const;

/** Whether the number grew a moment ago. */
function useJustNow(count: number): boolean {
  const [seen, setSeen] = useState(count);
  useEffect(() => {
    if (seen === count) return;
    const timer = setTimeout(() => setSeen(count), COPIED_MS);
    return () => clearTimeout(timer);
  }, [seen, count]);
  return seen !== count;
}
