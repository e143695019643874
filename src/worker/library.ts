/** The worker that fetches and keeps models: beside the engine's own, so that a download goes on while one paints. */
import '../contract/closedPage';
import { serveLibraryScope } from './libraryScope';

serveLibraryScope();
