/** The page. */
import { Tooltip } from 'radix-ui';
import { useCallback, useState } from 'react';
import { type Adjusting, toggleAdjusting } from './Adjust';
import { ComparisonContext, useNewComparison } from './comparison';
import { AppContext, type AppParts } from './context';
import { FileNotes } from './FileNotes';
import { GalleryNotes } from './GalleryNotes';
import { HelpDialog } from './HelpDialog';
import { OfflineNote } from './OfflineNote';
import { SidePanel } from './SidePanel';
import { Stage } from './Stage';
import { ToolRail } from './ToolRail';
import { TopBar } from './TopBar';
import { useTheme } from './theme';
import { useFiles } from './useFiles';
import { useKeys } from './useKeys';
import { usePageTitle } from './usePageTitle';
import { VersionStrip } from './VersionStrip';

export function App(parts: AppParts) {
  const { session, models, saving } = parts;
  const [theme, toggleTheme] = useTheme();
  const comparison = useNewComparison();
  const [helping, setHelping] = useState(false);
  const files = useFiles(session, models);
  const { openPicker } = files;
  const help = useCallback(() => setHelping(true), []);
  usePageTitle(session);
  const [adjusting, setAdjusting] = useState<Adjusting>(null);
  const adjust = useCallback(
    (what: 'frame' | 'canvas' | null) =>
      setAdjusting((now) => (what === null ? null : toggleAdjusting(session, now, what))),
    [session],
  );
  useKeys(session, saving, {
    onOpen: openPicker,
    onCompare: comparison.onHold,
    onHelp: help,
    onAdjust: adjust,
  });
  return (
    <AppContext value={parts}>
      <Tooltip.Provider delayDuration={500} skipDelayDuration={200}>
        <div className="app" data-adjusting={adjusting !== null || undefined}>
          <TopBar theme={theme} onTheme={toggleTheme} onOpen={openPicker} onHelp={help} />
          <ToolRail />
          <ComparisonContext value={comparison}>
            <Stage onOpen={openPicker} adjusting={adjusting} onAdjust={setAdjusting} />
            <GalleryNotes />
            <OfflineNote />
            <VersionStrip />
          </ComparisonContext>
          <SidePanel adjusting={adjusting !== null} />
        </div>
        <FileNotes {...files} />
        <HelpDialog open={helping} onOpenChange={setHelping} />
      </Tooltip.Provider>
    </AppContext>
  );
}
