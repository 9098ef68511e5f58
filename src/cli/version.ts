/** The package's version; a test keeps it as the manifests have it. */
export const VERSION: string = "1.0.0-rc.1";
