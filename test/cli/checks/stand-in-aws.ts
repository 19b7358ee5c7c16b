import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody, serveOnLoopback } from "../../../local-cloud/http-server";

/**
 * AWS as far as the command line interface asks it by itself: who calls, and whether a bucket, an image and a cluster are
 * there; no cluster is.
 */
export interface StandInAws {
  readonly url: string;
  /** How it answers; a test changes it. */
  readonly behaviour: {
    /** Account of every caller. */
    account: string;
    /** Status and region of every bucket. */
    bucket: { status: number; region: string };
    /** Versioning of every bucket; undefined when nobody may ask. */
    versioning: "Enabled" | "Suspended" | undefined;
    /** The answer to a query for an image; undefined when it is there. */
    imageError: string | undefined;
    /** The images of a repository. */
    images: readonly { readonly imageTags: readonly string[]; readonly pushed: string }[];
    /** The role of every caller; undefined when they are users. */
    role: string | undefined;
    /** The results of IAM's simulation, undefined when nobody may ask; actions that aren't named here are allowed. */
    decisions: Readonly<Record<string, "implicitDeny" | "explicitDeny">> | undefined;
    /** Seconds by which its clock is behind. */
    behind: number;
  };
  /** The queries since the last call, sorted. */
  asked(): string[];
  close(): Promise<void>;
}

/** Serves an AWS that takes the credentials `test`, and `test-of-ACCOUNT` of another account, and rejects all others. */
export async function serveAws(account: string): Promise<StandInAws> {
  const behaviour: StandInAws["behaviour"] = {
    account,
    bucket: { status: 200, region: "eu-west-1" },
    versioning: "Enabled",
    imageError: undefined,
    images: [],
    role: undefined,
    decisions: {},
    behind: 0,
  };
  const asked = new Set<string>();
  const server = await serveOnLoopback((request, response) => {
    void readBody(request, () => new Error("too large")).then((body) => {
      asked.add(answer(behaviour, request, body, response));
    });
  });
  return {
    url: server.url,
    behaviour,
    asked: () => {
      const all = [...asked].sort();
      asked.clear();
      return all;
    },
    close: () => server.close(),
  };
}

/** Answers a request, and returns what was asked. */
function answer(
  behaviour: StandInAws["behaviour"],
  { method, url = "", headers }: IncomingMessage,
  body: string,
  response: ServerResponse,
): string {
  const { account, bucket, imageError, images, role } = behaviour;
  response.setHeader("date", new Date(Date.now() - behaviour.behind * 1000).toUTCString());
  if (method === "HEAD") {
    response.writeHead(bucket.status, { "x-amz-bucket-region": bucket.region }).end();
    return `HeadBucket ${url.replaceAll("/", "")}`;
  }
  if (url.includes("?versioning")) {
    const { versioning } = behaviour;
    response.writeHead(versioning === undefined ? 403 : 200, { "content-type": "application/xml" });
    response.end(`<VersioningConfiguration><Status>${versioning ?? ""}</Status></VersioningConfiguration>`);
    return `GetBucketVersioning ${url.split("?")[0]?.replaceAll("/", "") ?? ""}`;
  }
  if (headers["x-amz-target"] === "AmazonEC2ContainerServiceV20141113.DescribeClusters") {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" }).end('{"clusters":[]}');
    return "DescribeClusters";
  }
  if (headers["x-amz-target"] !== undefined) {
    const { repositoryName, imageIds } = JSON.parse(body) as {
      readonly repositoryName: string;
      readonly imageIds?: readonly { readonly imageTag: string }[];
    };
    const all = images.map(({ imageTags, pushed }) => ({
      imageTags,
      imagePushedAt: Date.parse(pushed) / 1000,
      imageSizeInBytes: 2 ** 25,
    }));
    const imageDetails = imageIds === undefined ? all : [{}];
    response.writeHead(imageError === undefined ? 200 : 400, {
      "content-type": "application/x-amz-json-1.1",
    });
    response.end(JSON.stringify(imageError === undefined ? { imageDetails } : { __type: imageError }));
    return `DescribeImages ${repositoryName}:${(imageIds ?? []).map(({ imageTag }) => imageTag).join()}`;
  }
  const query = new URLSearchParams(body);
  const action = query.get("Action") ?? "";
  if (action === "SimulatePrincipalPolicy" && behaviour.decisions === undefined) {
    response.writeHead(403, { "content-type": "text/xml" });
    response.end(
      "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>Denied.</Message></Error></ErrorResponse>",
    );
    return action;
  }
  if (action === "SimulatePrincipalPolicy" || action === "GetRole") {
    response.writeHead(200, { "content-type": "text/xml" });
    response.end(action === "GetRole" ? roleOf(query, account) : simulation(query, behaviour));
    return `${action} ${query.get("PolicySourceArn") ?? query.get("RoleName") ?? ""}`;
  }
  const { authorization = "" } = headers;
  const [good, caller = account] = /Credential=test(?:-of-(\d+))?\//.exec(authorization) ?? [];
  response.writeHead(good !== undefined ? 200 : 403, { "content-type": "text/xml" });
  response.end(
    good !== undefined
      ? `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
           <Arn>arn:aws:${role === undefined ? `iam::${caller}:user/test` : `sts::${caller}:assumed-role/${role}/test`}</Arn><UserId>AIDATEST</UserId><Account>${caller}</Account>
         </GetCallerIdentityResult></GetCallerIdentityResponse>`
      : `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
           <Code>InvalidClientTokenId</Code><Message>The security token is invalid.</Message>
         </Error></ErrorResponse>`,
  );
  return "GetCallerIdentity";
}

/** A role with a path, which no session's ARN tells. */
function roleOf(query: URLSearchParams, account: string): string {
  const name = query.get("RoleName") ?? "";
  return `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role>
      <Path>/people/</Path><RoleName>${name}</RoleName><RoleId>AROATEST</RoleId>
      <Arn>arn:aws:iam::${account}:role/people/${name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>
    </Role></GetRoleResult></GetRoleResponse>`;
}

/** Two pages: a simulation of many actions has several. */
function simulation(query: URLSearchParams, { decisions = {} }: StandInAws["behaviour"]): string {
  const actions = [...query].flatMap(([name, value]) => (name.startsWith("ActionNames.") ? [value] : []));
  const half = Math.ceil(actions.length / 2);
  const isSecond = query.has("Marker");
  const members = (isSecond ? actions.slice(half) : actions.slice(0, half)).map(
    (action) => `<member><EvalActionName>${action}</EvalActionName><EvalResourceName>*</EvalResourceName>
      <EvalDecision>${decisions[action] ?? "allowed"}</EvalDecision></member>`,
  );
  const more = isSecond
    ? "<IsTruncated>false</IsTruncated>"
    : "<IsTruncated>true</IsTruncated><Marker>2</Marker>";
  return `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
      <SimulatePrincipalPolicyResult>${more}<EvaluationResults>${members.join("")}</EvaluationResults>
      </SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>`;
}
