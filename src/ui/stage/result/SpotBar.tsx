/** The bar beside a new result: again, a little more around, another one, discard, accept; each is one click. */
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { spotPlace } from '../../../editor/kernels/spotPlace';
import { rectToView } from '../../../editor/kernels/view';
import type { Size } from '../../../editor/store';
import { alternativesOf, pendingResult, type Version } from '../../../state/pictures/versions';
import { variesFromSeed } from '../../../state/run/removal';
import { useEditor, useModelState, useVersions } from '../../base/context';
import type { IconCommandId } from '../../commands/index';
import { useCommand } from '../../commands/useCommand';
import { Tooltip } from '../../controls/Tooltip';
import { useGrip } from './ResultView';
import './spotBar.css';

/** @param version the pending result @param share where the comparison line is: the bar leaves its grip free if it can */
export function SpotBar({ version, share }: { version: Version; share: number }) {
  const grip = useGrip(version, share);
  const items = useVersions((state) => state.items);
  const view = useEditor((state) => state.view);
  const pane = useEditor((state) => state.viewSize);
  const maskBounds = useEditor((state) => state.maskBounds);
  const { element, size } = useBarSize();
  useFocusAfter(element);
  const lookups = useModelState((state) => state.lookups);
  const varies = version.modelName === null || variesFromSeed(version.modelName, lookups);
  const all = alternativesOf({ items }, version);
  const target = maskBounds.width > 0 ? rectToView(view, maskBounds) : null;
  const { x, y } = spotPlace({ pane, bar: size, target, avoid: [grip] });
  return (
    <div
      ref={element}
      className="spot-bar"
      role="toolbar"
      aria-label="New result"
      style={{ transform: `translate(${Math.round(x)}px, ${Math.round(y)}px)` }}
    >
      {all.length > 1 && (
        <div className="spot-others">
          <SpotButton id="previousResult" />
          <span className="tabular">
            {all.indexOf(version) + 1} of {all.length}
          </span>
          <SpotButton id="nextResult" />
        </div>
      )}
      {varies && <SpotButton id="again" hasWord />}
      <SpotButton id="moreAround" hasWord />
      <SpotButton id="discard" hasWord />
      <SpotButton id="accept" hasWord />
    </div>
  );
}

/** Says that a result is shown, and what can be done with it; there is nothing to say while it is being looked at. */
export function SpotStatus() {
  const pending = useVersions((state) => (state.forming ? undefined : pendingResult(state)));
  const items = useVersions((state) => state.items);
  if (!pending) return <p className="sr-only" role="status" />;
  const all = alternativesOf({ items }, pending);
  return (
    <p className="sr-only" role="status">
      Result {all.indexOf(pending) + 1} of {all.length} is shown. The toolbar “New result” accepts it,
      discards it or tries again.
    </p>
  );
}

function SpotButton({ id, hasWord = false }: { id: IconCommandId; hasWord?: boolean }) {
  const { label, word = label, icon: Icon, keys, tip, isEnabled, run } = useCommand(id);
  return (
    <Tooltip text={tip} keys={keys} side="top">
      <button
        type="button"
        className="spot-button"
        data-command={id}
        aria-label={label}
        // Not `disabled`: that would take the focus away while another result is being made.
        aria-disabled={!isEnabled || undefined}
        onClick={() => isEnabled && run()}
      >
        {Icon && <Icon size={18} strokeWidth={1.8} aria-hidden />}
        {hasWord && <span aria-hidden>{word}</span>}
      </button>
    </Tooltip>
  );
}

/** The bar's own size, in view pixels: it changes with the count, the words and the font. */
function useBarSize() {
  const element = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const bar = element.current;
    if (!bar) return;
    const measure = () => setSize({ width: bar.offsetWidth, height: bar.offsetHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(bar);
    return () => observer.disconnect();
  }, []);
  return { element, size };
}

/** When the bar goes with the focus in it, the canvas gets the focus: keys go on acting there. */
function useFocusAfter(element: React.RefObject<HTMLDivElement | null>): void {
  const hadFocus = useRef(false);
  useLayoutEffect(() => {
    const bar = element.current;
    return () => {
      hadFocus.current = bar?.contains(document.activeElement) ?? false;
    };
  }, [element]);
  useEffect(
    () => () => {
      if (hadFocus.current) document.querySelector<HTMLElement>('[role=application]')?.focus();
    },
    [],
  );
}
