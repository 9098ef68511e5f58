/** The package's version; a test keeps it as the manifests have it. */
export const VERSION: string = "0.1.0";
