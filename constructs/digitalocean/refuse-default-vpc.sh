#!/usr/bin/env bash
# Fails, with the remedy, when a VPC that is about to be deleted is its region's default: DigitalOcean never
# deletes a default, and the provider would try for minutes. Runs once everything else of the site has gone.
#
# Environment:
#   IS_DEFAULT                 true when the VPC is the default of its region
#   VPC_ID, VPC_NAME, REGION   the VPC
set -euo pipefail

if [[ "$IS_DEFAULT" != true ]]; then
  exit 0
fi
cat >&2 <<END
VPC $VPC_NAME ($VPC_ID) has become the default of region $REGION, and DigitalOcean never deletes a default.
Make another VPC of $REGION the default and destroy again:
  doctl vpcs create --name default-$REGION --region $REGION
  doctl vpcs update <id of the new one> --default=true
Or keep it, since it costs nothing, and let Terraform forget it:
  terraform state rm digitalocean_vpc.nodes
END
exit 1
