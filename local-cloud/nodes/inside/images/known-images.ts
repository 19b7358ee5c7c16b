/** An image of another registry that the local cloud runs with a program of this computer. */
interface KnownImage {
  readonly program: string;
  /** Debian's package that holds it. */
  readonly package: string;
  /** The real image's configuration. */
  readonly dockerfile: string;
}

/** By repository; whatever the tag, the program is this computer's. */
const known: Readonly<Record<string, KnownImage>> = {
  // Source: github.com/docker-library/haproxy, Dockerfile and docker-entrypoint.sh.
  "public.ecr.aws/docker/library/haproxy": {
    program: "haproxy",
    package: "haproxy",
    dockerfile: String.raw`
      FROM debian
      STOPSIGNAL SIGUSR1
      USER haproxy
      WORKDIR /var/lib/haproxy
      ENTRYPOINT ["/bin/sh", "-c", "case $1 in -*) set -- haproxy \"$@\" ;; esac; if [ \"$1\" = haproxy ]; then shift; set -- haproxy -W -db \"$@\"; fi; exec \"$@\"", "docker-entrypoint.sh"]
      CMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]`,
  },
};

/** The image that a reference names, if it is one of these. */
export function knownImage(reference: string): KnownImage | undefined {
  return known[reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "")];
}
