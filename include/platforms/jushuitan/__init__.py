"""聚水潭's open platform (ERP)."""
