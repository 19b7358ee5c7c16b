import { version } from "../../../package.json";
import { recordRelease } from "./releases";

recordRelease(version);
