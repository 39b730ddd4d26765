"""Reports of an outlook, of tests of claims, and of a backtest.

They are pages with figures, JSON and tables.

Every number comes from the assessment, the test results or the backtest, so that page and JSON
agree. Each page has a module with the function that writes it (`page.write_report`,
`claims_page.write_tests`, `skill.page.write_skill`). Matplotlib is imported only when a figure is
drawn.
"""
