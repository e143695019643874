/** The page. */
import { useCallback, useState } from 'react';
import { AppContext, type AppParts } from '../base/context';
import { useTheme } from '../base/theme';
import { TooltipProvider } from '../controls/Tooltip';
import { FileNotes } from '../files/FileNotes';
import { useFiles } from '../files/useFiles';
import { RestoreNotices } from '../gallery/RestoreNotices';
import { ToolRail } from '../mask/ToolRail';
import { SidePanel } from '../run/SidePanel';
import { usePageTitle } from '../run/usePageTitle';
import { type Adjusting, toggleAdjusting } from '../stage/Adjust';
import { ComparisonContext, useNewComparison } from '../stage/comparison';
import { Stage } from '../stage/Stage';
import { VersionStrip } from '../stage/VersionStrip';
import { HelpDialog } from './HelpDialog';
import { OfflineNote } from './OfflineNote';
import { TopBar } from './TopBar';
import { useKeys } from './useKeys';
// Controls that are classes only.
import '../controls/button.css';
import '../controls/note.css';
import '../controls/popover.css';
import '../controls/progressBar.css';
import '../controls/switch.css';
import './app.css';

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
      <TooltipProvider delayDuration={500} skipDelayDuration={200}>
        <div className="app" data-adjusting={adjusting !== null || undefined}>
          <TopBar theme={theme} onTheme={toggleTheme} onOpen={openPicker} onHelp={help} />
          <ToolRail />
          <ComparisonContext value={comparison}>
            <Stage onOpen={openPicker} adjusting={adjusting} onAdjust={setAdjusting} />
            <RestoreNotices />
            <OfflineNote />
            <VersionStrip />
          </ComparisonContext>
          <SidePanel adjusting={adjusting !== null} />
        </div>
        <FileNotes {...files} />
        <HelpDialog open={helping} onOpenChange={setHelping} />
      </TooltipProvider>
    </AppContext>
  );
}
