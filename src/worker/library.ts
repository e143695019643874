/** The worker that downloads and stores models, separate from the engine's so that downloads continue while you paint. */
import '../contract/pageSecurity';
import { serveLibraryScope } from './libraryScope';

serveLibraryScope();
